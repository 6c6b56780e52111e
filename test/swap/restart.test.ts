// The kill matrix of swap: each way in which its thread can end, at each moment that a page can be in.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { MemoryFault, mapMut, openSwap, pageSize } from 'vmarea'
import { longRuns } from '../support/long-runs.js'
import { patient } from '../support/patient.js'
import { startedThreads } from '../support/started-threads.js'
import { until } from '../support/until.js'
import { FATE, MOMENT } from './stores/mortal.js'
import { swapWay } from './support/swap-way.js'

const page = pageSize()
const PAGES = 30
const store = new URL('./stores/mortal.js', import.meta.url)

/** A third of the pages is in the store, a third staged with other bytes and a third in memory; page `at` begins with `at + 1`. */
async function open(timeout: number) {
  const memory = mapMut({ length: PAGES * page })
  for (let at = 0; at < PAGES; at++) memory.write(at * page, new Uint8Array([at + 1]))
  const control = new SharedArrayBuffer(12)
  const storeOptions = { control, pages: new SharedArrayBuffer(PAGES * page) }
  const swap = await openSwap(memory, { store, storeOptions, timeout })
  const read = async (at: number) => (await memory.readAsync(at * page, new Uint8Array(1)))[0]!
  await swap.enable()
  await swap.out()
  for (let at = 10; at < 20; at++) await memory.writeAsync(at * page + 1, new Uint8Array([1]))
  await swap.enable()
  for (let at = 20; at < PAGES; at++) await read(at)
  return { memory, words: new Int32Array(control), swap, read }
}

const ways = {
  exit: 'ends it',
  loop: 'loops for ever',
  throw: 'throws in a callback of its own',
  reject: 'leaves a rejection without a handler',
  hold: 'is terminated',
  fill: 'fills the memory of its thread',
} as const
const isBest = swapWay() === 'move'
/** Where another test file tries all of them on the best source, these are enough: it ends by itself, hangs, or is ended. */
const tried = isBest ? (Object.keys(ways) as (keyof typeof ways)[]) : (['exit', 'loop', 'hold'] as const)
const moments = {
  read: 'while a page is read back',
  write: 'while pages are written',
  idle: 'while no fault waits',
} as const

// The heaps of threads that start from now on are full after so many MiB.
setFlagsFromString('--max-old-space-size=64')

const isSwapFault = (error: unknown) => error instanceof MemoryFault && error.reason === 'swap'

describe('a swap whose thread ends', { timeout: patient(240_000) }, () => {
  for (const how of tried) {
    for (const moment of Object.keys(moments) as (keyof typeof moments)[]) {
      // Each end and each moment once.
      if (!longRuns && how !== 'exit' && moment !== 'read') continue
      test(`because its store ${ways[how]}, ${moments[moment]}, loses no page, and serves again after restart()`, async () => {
        const { memory, words, swap, read } = await open(how === 'loop' ? 500 : 60_000)
        Atomics.store(words, 1, MOMENT[moment])
        Atomics.store(words, 0, FATE[how])
        const ended: Promise<unknown>[] = []
        if (moment === 'read') ended.push(assert.rejects(read(3), isSwapFault))
        if (moment === 'write') ended.push(assert.rejects(swap.out()))
        await until('the store meets its fate', () => Atomics.load(words, 2) === 1)
        if (how === 'hold') await startedThreads.at(-1)!.terminate()
        if (how === 'loop' && moment === 'idle') ended.push(assert.rejects(read(4), isSwapFault))
        await Promise.all(ended)
        await until('the swap is dead', () => swap.service === 'dead')
        assert.equal(await read(PAGES - 1), PAGES, 'a page in memory')
        await assert.rejects(read(11), isSwapFault)
        await memory.advise('dontneed', 14 * page, page)
        Atomics.store(words, 0, FATE.live)
        await Promise.all([swap.restart(), swap.restart()])
        assert.equal(swap.service, 'serving')
        for (let at = 0; at < PAGES; at++) assert.equal(await read(at), at === 14 ? 0 : at + 1, `page ${at}`)
        await swap.enable()
        await swap.out()
        await swap.exit()
        for (let at = 0; at < PAGES; at++) assert.equal(await read(at), at === 14 ? 0 : at + 1, `page ${at} at the end`)
      })
    }
  }

  test('serves the memory that is left after a restart, where the program has unmapped some', async () => {
    const [first, second, gone] = [
      mapMut({ length: 4 * page }),
      mapMut({ length: 4 * page }),
      mapMut({ length: 4 * page }),
    ]
    for (const memory of [first, second, gone]) memory.write(0, new Uint8Array([7]))
    const control = new SharedArrayBuffer(12)
    const storeOptions = { control, pages: new SharedArrayBuffer(12 * page) }
    const swap = await openSwap([gone, first, second], { store, storeOptions })
    await swap.enable()
    await swap.out()
    gone.unmap()
    const rest = second.splitOff(2 * page)
    const words = new Int32Array(control)
    Atomics.store(words, 0, FATE.exit)
    await assert.rejects(first.readAsync(0, new Uint8Array(1)), isSwapFault)
    await until('the swap is dead', () => swap.service === 'dead')
    rest.unmap()
    // Other memory may take the addresses: it is never swapped.
    const other = [mapMut({ length: 4 * page }), mapMut({ length: 2 * page })]
    for (const memory of other) memory.write(0, new Uint8Array([9]))
    Atomics.store(words, 0, FATE.live)
    await swap.restart()
    await swap.enable()
    await swap.out()
    assert.deepEqual([swap.statistics.residentPages, swap.statistics.swapPages], [0, 2])
    for (const memory of [first, second]) assert.equal((await memory.readAsync(0, new Uint8Array(1)))[0], 7)
    for (const memory of other) assert.equal(memory.read(0, new Uint8Array(1))[0], 9)
    await swap.exit()
    for (const memory of [first, second, ...other]) memory.unmap()
  })

  test('can be ended without a restart, and brings all back then', async () => {
    const { words, swap, read } = await open(60_000)
    Atomics.store(words, 0, FATE.exit)
    await assert.rejects(read(3), MemoryFault)
    Atomics.store(words, 0, FATE.live)
    await swap.exit()
    assert.equal(swap.service, 'ended')
    for (let at = 0; at < PAGES; at++) assert.equal(await read(at), at + 1)
    await assert.rejects(swap.restart(), { code: 'ERR_VMAREA_SWAP_ENDED' })
  })
})
