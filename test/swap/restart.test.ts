import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryFault, mapMut, openSwap, pageSize } from 'vmarea'
import { patient } from '../support/patient.js'
import { until } from '../support/until.js'
import { skipWithout } from '../userfaultfd/skip.js'
import { FATE } from './stores/mortal.js'

const skip = skipWithout('move', 'event_unmap', 'event_remap', 'event_remove', 'poison')
const page = pageSize()
const PAGES = 90
const store = new URL('./stores/mortal.js', import.meta.url)

/** A third of the pages is in the store, a third staged and a third in memory; page `at` begins with `at + 1`. */
async function open(timeout: number) {
  const memory = mapMut({ length: PAGES * page })
  for (let at = 0; at < PAGES; at++) memory.write(at * page, new Uint8Array([at + 1]))
  const control = new SharedArrayBuffer(4)
  const storeOptions = { control, pages: new SharedArrayBuffer(PAGES * page) }
  const swap = await openSwap(memory, { store, storeOptions, timeout })
  const read = (at: number) => {
    const byte = new Uint8Array(1)
    memory.read(at * page, byte)
    return byte[0]!
  }
  await swap.enable()
  await swap.out()
  for (let at = 30; at < 60; at++) read(at)
  await swap.enable()
  for (let at = 60; at < PAGES; at++) read(at)
  return { memory, fate: new Int32Array(control), swap, read }
}

describe('a swap whose thread ends', { skip, timeout: patient(120_000) }, () => {
  for (const how of ['exit', 'loop'] as const) {
    test(`because its store ${how}s loses no page in memory or staging, and serves again after restart()`, async () => {
      const { memory, fate, swap, read } = await open(how === 'loop' ? 1000 : 60_000)
      Atomics.store(fate, 0, FATE[how])
      assert.throws(
        () => read(3),
        (error) => error instanceof MemoryFault && error.reason === 'swap',
      )
      await until('the swap is dead', () => swap.service === 'dead')
      assert.equal(read(PAGES - 1), PAGES)
      assert.throws(
        () => read(31),
        (error) => error instanceof MemoryFault && error.reason === 'swap',
      )
      await memory.advise('dontneed', 40 * page, page)
      Atomics.store(fate, 0, FATE.live)
      await Promise.all([swap.restart(), swap.restart()])
      assert.equal(swap.service, 'serving')
      for (let at = 0; at < PAGES; at++) assert.equal(read(at), at === 40 ? 0 : at + 1, `page ${at}`)
      await swap.enable()
      await swap.out()
      await swap.exit()
      for (let at = 0; at < PAGES; at++) assert.equal(read(at), at === 40 ? 0 : at + 1, `page ${at} at the end`)
    })
  }

  test('can be ended without a restart, and brings all back then', async () => {
    const { fate, swap, read } = await open(60_000)
    Atomics.store(fate, 0, FATE.exit)
    assert.throws(() => read(3), MemoryFault)
    Atomics.store(fate, 0, FATE.live)
    await swap.exit()
    assert.equal(swap.service, 'ended')
    for (let at = 0; at < PAGES; at++) assert.equal(read(at), at + 1)
    await assert.rejects(swap.restart(), { code: 'ERR_VMAREA_SWAP_ENDED' })
  })
})
