// What the kernel refuses for a reason that its error number does not tell: the message tells it, and what to do.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type MmapMut, map, mapMut, memfd, pageSizes, type Seal } from 'vmarea'
import { Machine } from 'vmarea/model'
import { temporaryFolder } from '../support/temporary-folder.js'
import { throwsVm } from '../support/throws.js'

const ROOM = 64 * 1024
const LENGTH = 1024 * 1024

describe('on a file system that is full', () => {
  const folder = join(temporaryFolder, 'small')
  mkdirSync(folder)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${ROOM}`, 'none', folder])
  after(() => mounted.status === 0 && spawnSync('umount', ['-l', folder]))
  const skip = mounted.status === 0 ? false : 'mounting a tmpfs requires root'

  async function withFile(use: (path: string) => void | Promise<void>): Promise<void> {
    const path = join(folder, 'file')
    const descriptor = openSync(path, 'w+')
    ftruncateSync(descriptor, LENGTH)
    closeSync(descriptor)
    await use(path)
  }

  test('allocate rejects with ENOSPC, the room that is left and the room that was asked for', { skip }, () =>
    withFile(async (path) => {
      using memory = mapMut({ file: path, shared: true })
      await assert.rejects(memory.allocate(0, LENGTH), {
        code: 'ENOSPC',
        message: new RegExp(`small/file' at 0 has ${ROOM} bytes free for ${LENGTH} bytes`),
      })
    }),
  )

  test('a write through a map says that it is full, and names allocate', { skip }, () =>
    withFile((path) => {
      using memory = mapMut({ file: path, shared: true })
      const full = {
        code: 'ERR_VMAREA_FAULT',
        reason: 'io',
        message: /small\/file' at 0 is full: allocate\(\) says so/,
      }
      assert.throws(() => memory.write(0, new Uint8Array(LENGTH)), full)
    }),
  )
})

for (const seal of ['write', 'future-write'] as const satisfies readonly Seal[]) {
  test(`a writable map of a file sealed '${seal}' names the seal as the reason, and a private one writes`, () => {
    using file = memfd('sealed', { size: 4096, seals: [seal] })
    throwsVm(() => mapMut({ file, shared: true }), 'EPERM', /sealed against writing/)
    using own: MmapMut = mapMut({ file })
    own.write(0, Uint8Array.of(1))
  })
}

test("makeMut of a file sealed 'future-write' names the seal as the reason", () => {
  using file = memfd('sealed', { size: 4096, seals: ['future-write'] })
  using memory = map({ file, shared: true })
  throwsVm(() => memory.makeMut(), 'EACCES', /sealed against writing/)
})

test('makeMut names the seal on a modelled kernel as well', () => {
  const process = new Machine().spawn()
  const file = process.memfd('sealed', { size: 4096, seals: ['future-write'] })
  throwsVm(() => process.map({ file, shared: true }).makeMut(), 'EACCES', /sealed against writing/)
})

test('makeMut of a file that was opened for reading says how to map it', () => {
  using memory = map({ file: process.execPath, shared: true })
  throwsVm(() => memory.makeMut(), 'EACCES', /not open for writing: map it with writable: true/)
})

const noHugePages = pageSizes().length < 2 && 'this kernel has no huge pages'

test('where too few huge pages are free, the error says which file makes more', { skip: noHugePages }, () => {
  const total = Number(/^MemTotal:\s*(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))![1]) * 1024
  // More than the machine has.
  const length = Math.ceil(total / 2 ** 30 + 1) * 2 ** 30
  throwsVm(() => mapMut({ length, hugePages: true }), 'ENOMEM', /too few huge pages .* are free: .*nr_hugepages makes/)
})
