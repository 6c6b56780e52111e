import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { type MmapMut, mapMut, openSwap, pageSize, reserveMut, type Swap, type SwapOptions } from 'vmarea'
import { fileStore, memoryStore } from 'vmarea/stores'
import { Random } from '../differential/random.js'
import { longRuns } from '../support/long-runs.js'
import { patient } from '../support/patient.js'
import { seed } from '../support/seed.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { countInPages } from './support/count-in-pages.js'

const page = pageSize()
const timeout = patient(120_000)

const stores = {
  fileStore: () => fileStore({ folder: temporaryFolder }),
  memoryStore: () => memoryStore(),
} as const

/** Memory of so many pages, each with its number and one in its first bytes. */
function numbered(pages: number): { readonly memory: MmapMut; readonly words: Uint32Array } {
  const memory = mapMut({ length: pages * page })
  const bytes = memory.view(0, memory.size)
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  for (let index = 0; index < pages; index++) words[(index * page) / 4] = index + 1
  return { memory, words }
}

function checkNumbers(words: Uint32Array): void {
  for (let index = 0; index < (words.length * 4) / page; index++) {
    assert.equal(words[(index * page) / 4], index + 1, `the first word of page ${index}`)
    assert.equal(words[(index * page) / 4 + 1], 0, `the second word of page ${index}`)
  }
}

/** The thread has counted all that it has heard of so far. */
async function served(swap: Swap): Promise<void> {
  await swap.setResidentLimit(Number.POSITIVE_INFINITY)
}

async function withSwap(
  options: Partial<SwapOptions>,
  act: (swap: Swap, memory: MmapMut, words: Uint32Array) => Promise<void>,
  pages = 600,
): Promise<void> {
  const { memory, words } = numbered(pages)
  const swap = await openSwap(memory, { store: memoryStore(), ...options })
  try {
    await act(swap, memory, words)
  } finally {
    await swap.exit()
  }
  assert.equal(swap.service, 'ended')
  memory.unmap()
}

for (const [name, store] of Object.entries(stores)) {
  describe(`memory swapped to a ${name}`, { timeout }, () => {
    test('the commands take all pages out and back, and every page keeps its content', async () => {
      await withSwap({ store: store() }, async (swap, _memory, words) => {
        assert.equal(swap.state, 'ready')
        assert.equal(swap.status().metrics.residentPages, 600)
        await swap.enable()
        assert.equal(swap.state, 'pending')
        assert.deepEqual([swap.statistics.residentPages, swap.statistics.stagingPages], [0, 600])
        words[(5 * page) / 4] = 6
        await served(swap)
        assert.equal(swap.statistics.copiedFromStagingPages, 1)
        await swap.out()
        assert.equal(swap.state, 'active')
        assert.equal(swap.status().metrics.swapPages, 599)
        assert.ok(swap.statistics.bytesUsed! > 0)
        checkNumbers(words)
        await swap.enable()
        await swap.trim()
        assert.equal(swap.statistics.unchangedPages, 599)
        await swap.out()
        await swap.disable()
        assert.equal(swap.state, 'ready')
        assert.equal(swap.statistics.residentPages, 600)
        checkNumbers(words)
      })
    })

    test('a budget is kept while pages are read and written, and no write is lost', async () => {
      const limit = 200 * page
      const options = { store: store(), residentLimit: limit }
      await withSwap(options, async (swap, memory, words) => {
        const counts = new Uint32Array(600)
        const write = async (which: number) => {
          for (let round = 0; round < 5; round++) {
            for (let at = which; at < 600; at += 4) {
              counts[at]!++
              // On another thread, so that several accesses wait at a time.
              await memory.writeAsync(at * page + 100, new Uint8Array(new Uint32Array([counts[at]!]).buffer))
            }
          }
        }
        await Promise.all([0, 1, 2, 3].map(write))
        for (let at = 0; at < 600; at++) {
          assert.equal(words[(at * page + 100) / 4], 5, `writes to page ${at}`)
          assert.equal(words[(at * page) / 4], at + 1, `the first word of page ${at}`)
        }
        const { residentPages, stagingPages, evictedPages } = swap.statistics
        assert.ok(residentPages + stagingPages <= 200 + 2 ** 21 / page, `${residentPages + stagingPages} pages in RAM`)
        assert.ok(evictedPages > 600, `${evictedPages} pages left`)
        await swap.setResidentLimit(Number.POSITIVE_INFINITY)
        await swap.disable()
        assert.equal(swap.statistics.residentPages, 600)
      })
    })
  })
}

test('a thread that counts in pages that leave meanwhile loses no write', { timeout }, async () => {
  await withSwap({ residentLimit: 100 * page }, async (swap, _memory, words) => {
    countInPages(words, () => swap.statistics.evictedPages > 600)
  })
})

describe('memory of which the program changes the layout', { timeout }, () => {
  test('pages that are given up read as zeros, wherever they were', async () => {
    await withSwap({}, async (swap, memory, words) => {
      await swap.enable()
      await memory.advise('dontneed', 0, 100 * page)
      await swap.out()
      await memory.advise('dontneed', 100 * page, 100 * page)
      await served(swap)
      assert.equal(swap.statistics.swapPages, 400)
      for (let at = 0; at < 600; at++) assert.equal(words[(at * page) / 4], at < 200 ? 0 : at + 1, `page ${at}`)
    })
  })

  test('memory can be made unwritable and unreadable, split, and unmapped', async () => {
    const { memory } = numbered(300)
    const swap = await openSwap(memory, { store: memoryStore() })
    await swap.enable()
    const first = new Uint8Array(1)
    const readOnly = memory.makeReadOnly()
    readOnly.read(0, first)
    assert.equal(first[0], 1)
    await swap.out()
    readOnly.read(7 * page, first)
    assert.equal(first[0], 8)
    const rest = readOnly.makeMut().splitOff(150 * page)
    assert.throws(() => rest.resize(page), { code: 'ERR_VMAREA_SWAPPED' })
    rest.read(10 * page, first)
    assert.equal(first[0], 161)
    rest.unmap()
    await served(swap)
    assert.equal(swap.statistics.residentPages + swap.statistics.stagingPages + swap.statistics.swapPages, 150)
    await swap.exit()
    assert.equal(swap.statistics.residentPages, 150)
  })

  test('pages to which writes are refused keep their bytes while they leave', async () => {
    let writable = mapMut({ length: 64 * page })
    const swap = await openSwap(writable, { store: memoryStore() })
    const random = new Random(seed)
    const refused = { name: 'MemoryFault', reason: 'read-only' }
    for (let round = 0; round < (longRuns ? 200 : 40); round++) {
      for (let at = 0; at < 64; at++) writable.write(at * page, Uint8Array.of(at, round, 7))
      const reading = writable.makeReadOnly()
      const leaving = swap.enable().then(() => swap.out())
      let left = false
      void leaving.finally(() => (left = true))
      while (!left) {
        for (let write = 0; write < 30; write++) {
          const at = random.below(64) * page
          assert.throws(() => reading.access((bytes) => ((bytes as Uint8Array)[at] = 99)), refused)
        }
        await turn()
      }
      await leaving
      for (let at = 0; at < 64; at++) {
        assert.deepEqual([...reading.read(at * page, new Uint8Array(3))], [at, round, 7], `page ${at}`)
      }
      writable = reading.makeMut()
    }
    await swap.exit()
    writable.unmap()
  })

  test('what is committed of a reservation is swapped, and a part can be decommitted', async () => {
    const memory = reserveMut({ length: 1000 * page })
    memory.commit(100 * page, 50 * page)
    memory.commit(300 * page, 50 * page)
    const bytes = new Uint8Array(50 * page).fill(3)
    memory.write(100 * page, bytes)
    memory.write(300 * page, bytes)
    const swap = await openSwap(memory, { store: memoryStore() })
    await swap.enable()
    await swap.out()
    assert.equal(swap.statistics.swapPages, 100)
    memory.decommit(100 * page, 20 * page)
    memory.commit(100 * page, 20 * page)
    const read = new Uint8Array(50 * page)
    memory.read(100 * page, read)
    assert.deepEqual([read[0], read[20 * page - 1], read[20 * page]], [0, 0, 3])
    await swap.exit()
    memory.read(300 * page, read)
    assert.ok(read.every((byte) => byte === 3))
    memory.unmap()
  })

  test('locked pages stay in memory and are counted', async () => {
    await withSwap({}, async (swap, memory) => {
      memory.lock(0, 10 * page)
      await swap.enable()
      const { residentPages, pinnedPages } = swap.statistics
      assert.deepEqual([residentPages, pinnedPages], [10, 10])
    })
  })
})

test('several mappings are swapped at once', { timeout }, async () => {
  const [left, right] = [numbered(20), numbered(30)]
  const swap = await openSwap([left.memory, right.memory], { store: memoryStore() })
  await swap.enable()
  await swap.out()
  assert.equal(swap.statistics.swapPages, 50)
  checkNumbers(left.words)
  checkNumbers(right.words)
  await swap.exit()
})

test('a process whose memory is swapped ends by itself', { timeout }, async () => {
  const { spawnSync } = await import('node:child_process')
  const program = `
    const { mapMut, openSwap } = await import('vmarea')
    const { fileStore } = await import('vmarea/stores')
    const memory = mapMut({ length: 100 * ${page} })
    memory.write(0, new Uint8Array(100 * ${page}).fill(1))
    const swap = await openSwap(memory, { store: fileStore() })
    await swap.enable()
    await swap.out()
    console.log(swap.statistics.swapPages)`
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  })
  assert.deepEqual([stdout, stderr, status], ['100\n', '', 0])
})
