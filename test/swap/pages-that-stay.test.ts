// Memory that a kernel does not give away, and folders that hold no store: the swap says so, and no page changes.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { type MmapMut, mapMut, openSwap, pageSize } from 'vmarea'
import { fileStore, memoryStore } from 'vmarea/stores'
import { patient } from '../support/patient.js'
import { raiseHugePages } from '../support/raise-huge-pages.js'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { swapWay } from './support/swap-way.js'

const timeout = patient(120_000)
const page = pageSize()
const require = createRequire(import.meta.url)

function filled(pages: number): MmapMut {
  const memory = mapMut({ length: pages * page })
  for (let at = 0; at < pages; at++) memory.write(at * page, new Uint8Array([at + 1, 7]))
  return memory
}

function check(memory: MmapMut): void {
  for (let at = 0; at * page < memory.size; at++) {
    assert.deepEqual([...memory.read(at * page, new Uint8Array(2))], [(at + 1) % 256, 7], `page ${at}`)
  }
}

/** The function of `forker.c`; a text where it can't be had. */
function forker(): (() => number) | string {
  const output = join(temporaryFolder, 'forker.node')
  const include = (require('node-api-headers') as { include_dir: string }).include_dir
  const source = join(root, 'test', 'swap', 'forker.c')
  const { status, error } = spawnSync('cc', ['-O1', '-shared', '-fPIC', `-I${include}`, source, '-o', output])
  if (error !== undefined || status !== 0) return 'no C compiler'
  return (require(output) as { fork: () => number }).fork
}

const fork = forker()

test('pages that a forked child shares stay in memory, are counted, and leave once they are written', {
  skip:
    (swapWay() !== 'move' && 'only UFFDIO_MOVE leaves shared pages where they are') ||
    (typeof fork === 'string' && fork),
  timeout,
}, async () => {
  const memory = filled(30)
  const child = (fork as () => number)()
  try {
    // The child has the pages, as it was forked before.
    const swap = await openSwap(memory, { store: memoryStore() })
    memory.write(0, new Uint8Array([1, 7]))
    await swap.enable()
    const { residentPages, stagingPages, pinnedPages } = swap.statistics
    assert.deepEqual([residentPages, stagingPages, pinnedPages], [29, 1, 29])
    await swap.out()
    check(memory)
    // A write gives the program a copy of its own, which can leave.
    for (let at = 0; at < 30; at++) memory.write(at * page, new Uint8Array([at + 1, 7]))
    await swap.enable()
    await swap.out()
    assert.deepEqual([swap.statistics.swapPages, swap.statistics.pinnedPages], [30, 0])
    check(memory)
    await swap.exit()
    check(memory)
  } finally {
    process.kill(child, 'SIGKILL')
  }
  memory.unmap()
})

test('memory of huge pages is refused with the size of its pages', {
  skip: raiseHugePages(2),
  timeout,
}, async () => {
  const memory = mapMut({ length: 2 << 20, hugePages: 2 << 20 })
  memory.write(0, new Uint8Array([1]))
  await assert.rejects(openSwap(memory, { store: memoryStore() }), {
    code: 'ERR_VMAREA_UNSUPPORTED',
    message: /huge pages of 2097152 bytes/,
  })
  assert.equal(memory.read(0, new Uint8Array(1))[0], 1)
  memory.unmap()
})

/** Mounts a file system in memory; returns its folder, or why it can't. */
function mounted(name: string, options: string): { folder: string } | string {
  const folder = join(temporaryFolder, name)
  mkdirSync(folder)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])
  return status === 0 ? { folder } : 'mounting a file system requires root'
}

const small = mounted('small', 'size=1m')

test('a folder that becomes full stops evictions with ENOSPC, and takes pages again when it has room', {
  skip: typeof small === 'string' && small,
  timeout,
}, async () => {
  const { folder } = small as { folder: string }
  const memory = filled(600)
  const swap = await openSwap(memory, { store: fileStore({ folder }) })
  try {
    await swap.enable()
    await assert.rejects(swap.out(), { name: 'VmError', code: 'ENOSPC', message: /needs more room/ })
    assert.equal(swap.state, 'failed')
    assert.match(String(swap.failure?.message), /needs more room/)
    check(memory)
    execFileSync('mount', ['-o', 'remount,size=16m', folder])
    await swap.enable()
    await swap.out()
    await until('the failure is over', () => swap.failure === undefined)
    assert.equal(swap.statistics.swapPages, 600)
    check(memory)
  } finally {
    await swap.exit()
    execFileSync('umount', [folder])
  }
  check(memory)
  memory.unmap()
})

const readOnly = mounted('read-only', 'ro')

test('a folder of a read-only file system is refused at opening, with its path', {
  skip: typeof readOnly === 'string' && readOnly,
  timeout,
}, async () => {
  const { folder } = readOnly as { folder: string }
  const memory = filled(3)
  try {
    await assert.rejects(openSwap(memory, { store: fileStore({ folder }) }), { code: 'EROFS', path: folder })
  } finally {
    execFileSync('umount', [folder])
  }
  check(memory)
  memory.unmap()
})
