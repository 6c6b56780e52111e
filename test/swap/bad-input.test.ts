import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { type MmapMut, mapMut, openDevice, openSwap, pageSize, thisProcess, VM } from 'vmarea'
import { fileStore, memoryStore } from 'vmarea/stores'
import { driverUrl } from '../pager/support/driver-url.js'
import { patient } from '../support/patient.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const timeout = patient(120_000)
const page = pageSize()
const PAGES = 32

function filled(): MmapMut {
  const memory = mapMut({ length: PAGES * page })
  for (let at = 0; at < PAGES; at++) memory.write(at * page, new Uint8Array([at + 1]))
  return memory
}

/** Each page has what `filled` wrote, also after all have been out. */
async function works(memory: MmapMut): Promise<void> {
  const swap = await openSwap(memory, { store: memoryStore({ compression: 'none' }) })
  await swap.enable()
  await swap.out()
  for (let at = 0; at < PAGES; at++) assert.equal(memory.read(at * page, new Uint8Array(1))[0], at + 1)
  await swap.exit()
}

const whole = { timeout }

test('memory that belongs to a swap is refused to another one, and twice to the same one', whole, async () => {
  const memory = filled()
  const store = memoryStore({ compression: 'none' })
  await assert.rejects(openSwap([memory, memory], { store }), {
    code: 'ERR_VMAREA_INVALID_ARGUMENT',
    message: /given twice/,
  })
  const swap = await openSwap(memory, { store })
  await assert.rejects(openSwap(memory, { store }), { code: 'ERR_VMAREA_SWAPPED' })
  const other = filled()
  await assert.rejects(openSwap([other, memory], { store }), { code: 'ERR_VMAREA_SWAPPED' })
  await swap.exit()
  await works(memory)
  await works(other)
  memory.unmap()
  other.unmap()
})

const zeros = driverUrl(() => ({ size: 4 * 4096, mmap() {}, fault() {} }))

test('memory of a device is refused', whole, async () => {
  await using device = await openDevice(zeros)
  using memory = device.map({ protection: 'write', shared: true })
  await assert.rejects(openSwap(memory, { store: memoryStore() }), { code: 'ERR_VMAREA_SWAPPED' })
  using own = device.map({ protection: 'write' })
  await assert.rejects(openSwap(own, { store: memoryStore() }), { code: 'ERR_VMAREA_SWAPPED' })
  assert.equal(memory.read(0, new Uint8Array(1))[0], 0)
})

test('swapped memory can not be resized or merged, and a child of fork(2) does not have it', whole, async () => {
  const memory = filled()
  const flags = (): bigint => {
    using user = thisProcess().mm.mmgetNotZero()!
    for (;;) {
      using guard = user.mmapReadLock()
      try {
        return guard.vmaLookup(memory.start)!.flags
      } catch (error) {
        // Another thread of the engine mapped memory beside it, which is of the same area then.
        if ((error as NodeJS.ErrnoException).code !== 'ERR_VMAREA_STALE') throw error
      }
    }
  }
  assert.equal(flags() & VM.DONTCOPY, 0n)
  const swap = await openSwap(memory, { store: memoryStore({ compression: 'none' }) })
  assert.notEqual(flags() & VM.DONTCOPY, 0n)
  await swap.enable()
  assert.throws(() => memory.resize(2 * PAGES * page), { code: 'ERR_VMAREA_SWAPPED' })
  assert.throws(() => memory.resize(page), { code: 'ERR_VMAREA_SWAPPED' })
  await swap.exit()
  assert.equal(flags() & VM.DONTCOPY, 0n)
  await works(memory)
  memory.unmap()
})

test('a folder that can not hold the file of a store is refused at opening, by its error', whole, async () => {
  const memory = filled()
  const gone = join(temporaryFolder, 'gone')
  await assert.rejects(openSwap(memory, { store: fileStore({ folder: gone }) }), { code: 'ENOENT' })
  // Not even root makes a file there.
  await assert.rejects(openSwap(memory, { store: fileStore({ folder: '/proc/self' }) }), (error: Error) => {
    assert.match(error.message, /\/proc\/self/)
    return true
  })
  await works(memory)
  memory.unmap()
})

test('a store of another page size is refused, with both sizes', whole, async () => {
  const memory = filled()
  const store = new URL('./stores/small-pages.js', import.meta.url)
  await assert.rejects(openSwap(memory, { store }), {
    code: 'ERR_VMAREA_NOT_A_STORE',
    message: new RegExp(`512.*${page}|${page}.*512`),
  })
  await works(memory)
  memory.unmap()
})
