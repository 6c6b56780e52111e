import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryFault, type SwapOptions } from 'vmarea'
import { Machine, type ModelledProcess } from 'vmarea/model'
import { definePageStore, memoryStore } from 'vmarea/stores'

const page = 4096
const PAGES = 64
const store = memoryStore({ compression: 'none' })

function program() {
  const machine = new Machine()
  const process = machine.spawn()
  return { machine, process }
}

/** All work that waits for no store is done in microtasks, which come before any timer. */
const atRest = () => new Promise((resolve) => setTimeout(resolve))

/** Memory of which each page begins with its number and one. */
function numbered(process: ModelledProcess, shared = false) {
  using file = process.memfd('swapped', { size: PAGES * page })
  const memory = process.mapMut(shared ? { file, shared } : { length: PAGES * page })
  for (let at = 0; at < PAGES; at++) memory.write(at * page, new Uint8Array([at + 1]))
  const read = (at: number) => {
    const byte = new Uint8Array(1)
    memory.read(at * page, byte)
    return byte[0]!
  }
  const check = () => {
    for (let at = 0; at < PAGES; at++) assert.equal(read(at), at + 1, `page ${at}`)
  }
  return { memory, read, check }
}

for (const shared of [false, true]) {
  describe(`the model swaps ${shared ? 'a memory file' : 'private memory'}`, () => {
    test('by hand, and gives every page back', async () => {
      const { machine, process } = program()
      const { memory, check } = numbered(process, shared)
      const swap = await process.openSwap(memory, { store })
      assert.deepEqual([swap.source, swap.state, swap.statistics.residentPages], ['model', 'ready', PAGES])
      await swap.enable()
      assert.deepEqual([swap.state, swap.statistics.stagingPages], ['pending', PAGES])
      memory.write(3 * page, new Uint8Array([4]))
      assert.equal(swap.statistics.copiedFromStagingPages, 1)
      await swap.out()
      assert.deepEqual([swap.state, swap.statistics.swapPages], ['active', PAGES - 1])
      machine.checkInvariants()
      check()
      await swap.enable()
      await swap.trim()
      assert.equal(swap.statistics.unchangedPages, PAGES - 1)
      await swap.out()
      await swap.disable()
      assert.equal(swap.statistics.residentPages, PAGES)
      await swap.exit()
      assert.equal(swap.service, 'ended')
      check()
      memory.unmap()
      machine.checkInvariants()
    })

    test('to a budget, in accesses that need not wait', async () => {
      const { machine, process } = program()
      const { memory, read, check } = numbered(process, shared)
      const swap = await process.openSwap(memory, { store, residentLimit: 16 * page })
      for (let round = 0; round < 3; round++) {
        check()
        await atRest()
        const { residentPages, stagingPages } = swap.statistics
        assert.ok(residentPages + stagingPages <= 16, `${residentPages + stagingPages} pages in memory`)
      }
      assert.equal(read(5), 6)
      machine.checkInvariants()
      await swap.exit()
      check()
    })

    test('and keeps locked pages', async () => {
      const { process } = program()
      const { memory } = numbered(process, shared)
      const swap = await process.openSwap(memory, { store })
      memory.lock(0, 10 * page)
      await swap.enable()
      assert.deepEqual([swap.statistics.residentPages, swap.statistics.pinnedPages], [10, 10])
      await swap.exit()
    })
  })
}

test('the same calls on the model do the same each time', async () => {
  const run = async () => {
    const { process } = program()
    const { memory } = numbered(process)
    const swap = await process.openSwap(memory, { store, residentLimit: 20 * page })
    for (let at = 0; at < 500; at++) {
      memory.write(((at * 37) % PAGES) * page + 8, new Uint8Array([at]))
      if (at % 50 === 0) await swap.setResidentLimit((10 + (at % 20)) * page)
    }
    const { latency, ...counts } = swap.statistics
    await swap.exit()
    assert.equal(Object.keys(latency).length, 3)
    return counts
  }
  assert.deepEqual(await run(), await run())
})

test('pages that the program frees, moves and unmaps are followed', async () => {
  const { machine, process } = program()
  const { memory, read } = numbered(process)
  const swap = await process.openSwap(memory, { store })
  await swap.enable()
  memory.advise('dontneed', 0, 10 * page)
  await swap.out()
  memory.advise('dontneed', 10 * page, 10 * page)
  for (let at = 0; at < 24; at++) assert.equal(read(at), at < 20 ? 0 : at + 1)
  assert.throws(() => memory.resize(128 * page), { code: 'ERR_VMAREA_SWAPPED' })
  const rest = memory.splitOff(32 * page)
  await swap.enable()
  await swap.out()
  rest.unmap()
  const { residentPages, stagingPages, swapPages } = swap.statistics
  assert.equal(residentPages + stagingPages + swapPages, 32 - 20)
  machine.checkInvariants()
  const child = process.fork()
  assert.equal(child.maps().includes(memory.start.toString(16)), false)
  await swap.exit()
  machine.checkInvariants()
})

/** A store that answers when the test says so, and does to pages what the test says. */
function slowStore() {
  const kept = new Map<number, Uint8Array>()
  let open: { readonly first: number; readonly answer: () => void }[] = []
  const answers = (page?: number) => {
    const now = open.filter(({ first }) => page === undefined || first === page)
    open = open.filter((each) => !now.includes(each))
    for (const { answer } of now) answer()
  }
  const control = { damages: false, fails: false, answers }
  const answered = (first: number) => new Promise<void>((resolve) => open.push({ first, answer: resolve }))
  const definition = definePageStore((_options: undefined, { pageSize }) => ({
    pageSize,
    async write(pages, bytes) {
      if (control.fails) throw new Error('the store is full')
      for (const [index, each] of pages.entries()) kept.set(each, bytes.slice(index * pageSize, (index + 1) * pageSize))
    },
    async read(pages, into) {
      await answered(pages[0]!)
      for (const [index, each] of pages.entries()) into.set(kept.get(each)!, index * pageSize)
      if (control.damages) into[9]! ^= 1
    },
    free: () => {},
    close: () => {},
  }))
  return { control, definition }
}

test('an access that waits for its store is for readAsync, and waits for its own page alone', async () => {
  const { process } = program()
  const { memory } = numbered(process)
  const { control, definition } = slowStore()
  const swap = await process.openSwap(memory, { store: definition } as SwapOptions)
  await swap.enable()
  await swap.out()
  const byte = new Uint8Array(1)
  assert.throws(() => memory.read(0, byte), { code: 'ERR_VMAREA_WOULD_BLOCK' })
  let isThere = false
  const late = memory.readAsync(page, byte).then(() => {
    isThere = true
  })
  const other = new Uint8Array(1)
  const sooner = memory.readAsync(20 * page, other)
  control.answers(20)
  await sooner
  assert.deepEqual([other[0], isThere], [21, false])
  control.answers(1)
  await late
  assert.equal(byte[0], 2)
  const exit = swap.exit()
  const answer = setInterval(() => control.answers(), 1)
  await exit
  clearInterval(answer)
})

test('a page that comes back with other bytes is a MemoryFault, until it is restored', async () => {
  const { process } = program()
  const { memory, read } = numbered(process)
  const { control, definition } = slowStore()
  const swap = await process.openSwap(memory, { store: definition, timeout: 20 } as SwapOptions)
  await swap.enable()
  await swap.out()
  const answer = setInterval(() => control.answers(), 1)
  control.damages = true
  await assert.rejects(memory.readAsync(4 * page, new Uint8Array(1)), (error) => {
    assert.ok(error instanceof MemoryFault)
    assert.equal(error.reason, 'swap')
    assert.match(String((error.cause as Error).message), /other bytes for page 4/)
    return true
  })
  control.damages = false
  await swap.restore()
  await swap.disable()
  assert.equal(read(4), 5)
  await swap.exit()
  clearInterval(answer)
})

test('memory and options that the model can not swap are refused', async () => {
  const { process } = program()
  using file = process.memfd('swapped', { size: 4 * page })
  const memory = process.mapMut({ file, shared: true })
  const again = process.mapMut({ file, shared: true })
  await assert.rejects(process.openSwap(memory, { store }), { code: 'ERR_VMAREA_UNSUPPORTED', message: /as well/ })
  again.unmap()
  await assert.rejects(process.openSwap(memory, { store, source: 'userfaultfd' }), { code: 'ERR_VMAREA_UNSUPPORTED' })
  await assert.rejects(process.openSwap(memory, { store, control: '/tmp/x' }), { code: 'ERR_VMAREA_UNSUPPORTED' })
  const swap = await process.openSwap(memory, { store })
  await assert.rejects(process.openSwap(memory, { store }), { code: 'ERR_VMAREA_SWAPPED' })
  assert.throws(() => process.mapMut({ file, shared: true }), { code: 'ERR_VMAREA_SWAPPED' })
  assert.throws(() => memory.unmap(), { code: 'ERR_VMAREA_SWAPPED' })
  await assert.rejects(swap.trim(), { code: 'ERR_VMAREA_SWAP_STATE' })
  await swap.exit()
  await assert.rejects(swap.enable(), { code: 'ERR_VMAREA_SWAP_ENDED' })
  await swap.exit()
})

test('a modelled process that exits closes the stores of its swaps', async () => {
  const { machine, process } = program()
  const { memory } = numbered(process)
  let closed = 0
  const definition = definePageStore((_options: undefined, { pageSize }) => ({
    pageSize,
    write: () => {},
    read: () => {},
    free: () => {},
    close: () => {
      closed++
    },
  }))
  const swap = await process.openSwap(memory, { store: definition } as SwapOptions)
  await swap.enable()
  await swap.out()
  process.exit()
  assert.deepEqual([closed, swap.service], [1, 'ended'])
  machine.checkInvariants()
})
