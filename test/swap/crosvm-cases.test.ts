// What the 114 tests of crosvm's swap assert, by meaning. Where each group of them is held here:
//
//   crosvm                  | here
//   present_list.rs (19)    | below: runs of pages in a place, against a list that is searched one by one
//   staging.rs (11)         | below: pages that are staged, taken back and dropped; test/paging/swap
//   file.rs (23)            | test/stores: the store suite, file-store.test.ts and slot-allocator.test.ts; below: pages that are given up
//   page_handler.rs (16)    | below: patterns over two regions, a second round, a mix of places, zero and unchanged pages
//   main.rs (6)             | below: what each command counts
//   swap.rs, a whole VM (7) | below: two rounds, disable from pending, ending while active, a digest that stays
//   file_truncator.rs (2)   | test/stores/file-store.test.ts: a file shrinks some time after its pages are freed
//   5 of page_handler.rs:   | bad-input.test.ts: memory that belongs to a swap is refused
//   overlapping regions     |
//
// Not applicable, as this design has no such part:
//   pagesize.rs (8)         | addresses are converted in one place, PageMap, over regions of the library; huge pages are refused
//   processes.rs (1)        | no process is stopped: pages leave while their threads run
//   worker.rs (11)          | no queue of copy workers: a page moves without a copy
//   uffd_list.rs (10)       | one userfaultfd for one process: a forked child does not have swapped memory
//   4 of file.rs: mlock     | pages are read ahead into memory, and the file is not mapped
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { type MmapMut, mapMut, openSwap, pageSize, type Swap } from 'vmarea'
import { fileStore } from 'vmarea/stores'
import { PLACE } from '#vmarea/paging/swap/page-places.js'
import { SwapRecord } from '#vmarea/paging/swap/swap-record.js'
import { Random } from '../differential/random.js'
import { patient } from '../support/patient.js'
import { seed } from '../support/seed.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const page = pageSize()

test(`runs of pages in a place are those of a list, whatever is marked and cleared (seed ${seed})`, () => {
  const random = new Random(seed)
  for (let round = 0; round < 100; round++) {
    const count = 1 + random.below(60)
    const { places } = new SwapRecord(count)
    const list: boolean[] = new Array(count).fill(false)
    for (let step = 0; step < 40; step++) {
      const from = random.below(count)
      const to = from + random.below(count - from + 1)
      const marks = random.chance(50)
      for (let at = from; at < to; at++) {
        places.set(at, marks ? PLACE.STAGED : PLACE.EMPTY)
        list[at] = marks
      }
      const [head, most] = [random.below(count + 1), 1 + random.below(count)]
      const first = list.indexOf(true, head)
      const found = places.find(PLACE.STAGED, head, count)
      assert.equal(found, first === -1 ? count : first)
      if (found === count) continue
      const last = list.indexOf(false, found)
      const end = Math.min(last === -1 ? count : last, found + most, count)
      assert.equal(places.runEnd(PLACE.STAGED, found, Math.min(found + most, count)), end)
      assert.equal(places.counts[PLACE.STAGED], list.filter(Boolean).length)
    }
  }
})

const REGION = 6
/** The first byte of each page of two regions. */
type Pattern = readonly number[]

function write(memory: readonly MmapMut[], pattern: Pattern): void {
  for (const [at, byte] of pattern.entries()) {
    memory[Math.floor(at / REGION)]!.write((at % REGION) * page, new Uint8Array(page).fill(byte))
  }
}

function read(memory: readonly MmapMut[]): number[] {
  return memory.flatMap((region) =>
    Array.from({ length: REGION }, (_, at) => {
      const bytes = new Uint8Array(page)
      region.read(at * page, bytes)
      assert.ok(
        bytes.every((byte) => byte === bytes[0]),
        `page ${at} is of one write`,
      )
      return bytes[0]!
    }),
  )
}

async function withRegions(act: (swap: Swap, memory: readonly MmapMut[]) => Promise<void>): Promise<void> {
  const memory = [0, 1].map(() => mapMut({ length: REGION * page }))
  const swap = await openSwap(memory, { store: fileStore({ folder: temporaryFolder }) })
  try {
    await act(swap, memory)
  } finally {
    await swap.exit()
    for (const region of memory) region.unmap()
  }
}

const [before, after]: readonly [Pattern, Pattern] = [
  [0, 1, 0, 0, 2, 3, 4, 0, 0, 5, 6, 0],
  [1, 5, 6, 3, 0, 4, 4, 0, 9, 5, 0, 7],
]

describe('two regions in one swap', { timeout: patient(120_000) }, () => {
  test('keep what was written before the swap was opened, staged and out', async () => {
    const memory = [0, 1].map(() => mapMut({ length: REGION * page }))
    write(memory, before)
    const swap = await openSwap(memory, { store: fileStore({ folder: temporaryFolder }) })
    await swap.enable()
    assert.deepEqual(read(memory), before)
    await swap.enable()
    await swap.out()
    assert.deepEqual(read(memory), before)
    await swap.exit()
    assert.deepEqual(read(memory), before)
    for (const region of memory) region.unmap()
  })

  test('have the newest content after a second round, also of pages that became zeros', async () => {
    await withRegions(async (swap, memory) => {
      write(memory, before)
      await swap.enable()
      await swap.out()
      write(memory, after)
      await swap.enable()
      await swap.out()
      assert.deepEqual(read(memory), after)
      await swap.disable()
      assert.deepEqual(read(memory), after)
    })
  })

  test('come back whole from a mix of staging, the store and memory', async () => {
    await withRegions(async (swap, memory) => {
      write(memory, before)
      await swap.enable()
      await swap.out()
      // Of the first region, which is in memory again, only what is touched later.
      memory[0]!.read(0, new Uint8Array(REGION * page))
      await swap.enable()
      memory[0]!.read(page, new Uint8Array(1))
      await swap.disable()
      assert.equal(swap.state, 'ready')
      assert.deepEqual(read(memory), before)
    })
  })

  test('give zeros for a page that the program gave up, wherever it was, and a page that is touched twice comes once', async () => {
    await withRegions(async (swap, memory) => {
      write(memory, before)
      await swap.enable()
      await memory[0]!.advise('dontneed', page, page)
      await swap.out()
      await memory[1]!.advise('dontneed', 0, page)
      const expected = before.map((byte, at) => (at === 1 || at === REGION ? 0 : byte))
      assert.deepEqual(read(memory), expected)
      assert.deepEqual(read(memory), expected)
    })
  })
})

test('each command counts the pages that it moved, and the next one only those that came back', {
  timeout: patient(120_000),
}, async () => {
  const memory = mapMut({ length: 400 * page })
  for (let at = 0; at < 300; at++) memory.write(at * page, new Uint8Array([at % 50 === 0 ? 0 : 1]))
  const swap = await openSwap(memory, { store: fileStore({ folder: temporaryFolder }) })
  const moved = () => swap.status().stateTransition.pages
  await swap.enable()
  assert.equal(moved(), 300)
  for (const at of [3, 350]) memory.write(at * page, new Uint8Array([2]))
  await swap.enable()
  assert.equal(moved(), 2)
  await swap.trim()
  assert.equal(moved(), 6, 'pages of zeros')
  await swap.out()
  assert.equal(moved(), 295)
  assert.equal(swap.status().metrics.swapPages, 295)
  // All come back unchanged but two.
  for (let at = 0; at < 400; at++) memory.read(at * page, new Uint8Array(1))
  for (const at of [7, 8]) memory.write(at * page, new Uint8Array([3]))
  await swap.enable()
  await swap.trim()
  await swap.out()
  assert.equal(moved(), 2, 'only changed pages are written')
  await swap.disable()
  assert.equal(swap.state, 'ready')
  assert.equal(swap.status().metrics.swapPages, 0)
  await swap.exit()
  memory.unmap()
})

test('the digest of a megabyte stays while it is staged, out and back, and disable works from pending', {
  timeout: patient(120_000),
}, async () => {
  const random = new Random(seed)
  const memory = mapMut({ length: 2 ** 20 })
  memory.write(
    0,
    Uint8Array.from({ length: 2 ** 20 }, () => random.below(256)),
  )
  const digest = () =>
    createHash('sha256')
      .update(memory.read(0, new Uint8Array(2 ** 20)))
      .digest('hex')
  const right = digest()
  const swap = await openSwap(memory, { store: fileStore({ folder: temporaryFolder }) })
  for (let round = 0; round < 2; round++) {
    await swap.enable()
    assert.equal(digest(), right)
    await swap.enable()
    await swap.out()
    assert.equal(digest(), right)
    await swap.disable()
    assert.equal(digest(), right)
  }
  await swap.enable()
  await swap.disable()
  assert.deepEqual([swap.state, digest()], ['ready', right])
  await swap.enable()
  await swap.out()
  assert.equal(swap.state, 'active')
  await swap.exit()
  assert.equal(digest(), right)
  memory.unmap()
})
