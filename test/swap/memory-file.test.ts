import assert from 'node:assert/strict'
import { readSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type MmapMut, mapMut, memfd, openSwap, pageSize, reserveMut, type Swap, type SwapOptions } from 'vmarea'
import { fileStore, memoryStore } from 'vmarea/stores'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { countInPages } from './support/count-in-pages.js'

const timeout = 120_000
const page = pageSize()
const PAGES = 600
/** The type of file systems whose files are memory. */
const TMPFS = 0x01021994

/** The thread has counted all that it has heard of so far. */
async function served(swap: Swap): Promise<void> {
  await swap.setResidentLimit(Number.POSITIVE_INFINITY)
}

/** A memory file of so many pages, each with its number and one in its first bytes, save the last ten, which are holes. */
async function withFile(
  options: Partial<SwapOptions>,
  act: (swap: Swap, words: Uint32Array, memory: MmapMut, descriptor: number) => Promise<void>,
): Promise<void> {
  using file = memfd('swapped', { size: PAGES * page })
  const memory = mapMut({ file, shared: true })
  const bytes = memory.view(0, memory.size)
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
  for (let index = 0; index < PAGES - 10; index++) words[(index * page) / 4] = index + 1
  const swap = await openSwap(memory, { store: memoryStore(), ...options })
  await act(swap, words, memory, file.fd)
  await swap.exit()
  // All is in the file again.
  const read = new Uint8Array(PAGES * page)
  readSync(file.fd, read, 0, read.length, 0)
  assert.deepEqual(read, bytes)
  memory.unmap()
}

function check(words: Uint32Array): void {
  for (let at = 0; at < PAGES; at++) assert.equal(words[(at * page) / 4], at < PAGES - 10 ? at + 1 : 0, `page ${at}`)
}

describe('a swapped memory file', { timeout }, () => {
  test('gives its pages away and takes them back', async () => {
    await withFile({ store: fileStore({ folder: temporaryFolder }) }, async (swap, words, _memory, descriptor) => {
      assert.equal(swap.statistics.residentPages, PAGES - 10)
      await swap.enable()
      assert.deepEqual([swap.state, swap.statistics.stagingPages], ['pending', PAGES - 10])
      words[(5 * page) / 4 + 1] = 7
      await served(swap)
      assert.equal(swap.statistics.copiedFromStagingPages, 1)
      words[(5 * page) / 4 + 1] = 0
      await swap.out()
      assert.equal(swap.statistics.swapPages, PAGES - 11)
      // The file has holes where pages are out.
      const first = new Uint8Array(4)
      readSync(descriptor, first, 0, 4, 9 * page)
      assert.deepEqual(first, new Uint8Array(4))
      check(words)
      await swap.enable()
      await swap.trim()
      assert.equal(swap.statistics.unchangedPages, PAGES - 11)
      await swap.out()
      await swap.disable()
      assert.equal(swap.state, 'ready')
      check(words)
    })
  })

  test('keeps to a budget while it is written, and no write is lost', async () => {
    await withFile({ residentLimit: 100 * page }, async (swap, words) => {
      // This thread counts in pages that the other one takes away meanwhile.
      countInPages(words, () => swap.statistics.evictedPages > PAGES)
      await until('the budget is kept', () => swap.statistics.residentPages + swap.statistics.stagingPages <= 100)
    })
  })

  test('reads as zeros where the program frees pages, and keeps what it only takes from view', async () => {
    await withFile({}, async (swap, words, memory) => {
      await swap.enable()
      memory.advise('remove', 0, 50 * page)
      memory.advise('dontneed', 50 * page, 50 * page)
      await swap.out()
      memory.advise('remove', 100 * page, 50 * page)
      memory.advise('dontneed', 150 * page, 50 * page)
      await served(swap)
      for (let at = 0; at < 200; at++) {
        const isFreed = at < 50 || (at >= 100 && at < 150)
        assert.equal(words[(at * page) / 4], isFreed ? 0 : at + 1, `page ${at}`)
      }
    })
  })

  test('keeps locked pages in memory and counts them', async () => {
    await withFile({}, async (swap, words, memory) => {
      memory.lock(3 * page, 10 * page)
      await swap.enable()
      const { residentPages, pinnedPages } = swap.statistics
      assert.deepEqual([residentPages, pinnedPages], [10, 10])
      await swap.out()
      check(words)
      memory.unlock(3 * page, 10 * page)
      await swap.enable()
      assert.equal(swap.statistics.residentPages, 0)
    })
  })

  test('keeps its content where the kernel has made a huge page of it', async () => {
    using file = memfd('swapped', { size: 2 ** 22 })
    const memory = mapMut({ file, shared: true })
    const bytes = memory.view(0, memory.size)
    for (let at = 0; at < bytes.length; at += page) bytes.fill(at / page, at, at + page)
    try {
      memory.advise('collapse')
    } catch {
      // This kernel makes no huge pages of memory files.
    }
    const swap = await openSwap(memory, { store: memoryStore(), residentLimit: 2 ** 20 })
    await swap.out()
    const isRight = () => bytes.every((byte, at) => byte === (Math.floor(at / page) & 255))
    assert.ok(isRight())
    await swap.exit()
    assert.ok(isRight())
    memory.unmap()
  })

  test('can be made unwritable, and can not be unmapped, resized or mapped again', async () => {
    using file = memfd('swapped', { size: 20 * page })
    let memory = mapMut({ file, shared: true })
    memory.write(0, new Uint8Array(20 * page).fill(9))
    const swap = await openSwap(memory, { store: memoryStore() })
    await swap.enable()
    await swap.out()
    assert.throws(() => memory.unmap(), {
      code: 'ERR_VMAREA_SWAPPED',
      message: /exit\(\) the swap before it is unmapped/,
    })
    assert.throws(() => memory.resize(30 * page), { code: 'ERR_VMAREA_SWAPPED' })
    assert.throws(() => mapMut({ file, shared: true }), { code: 'ERR_VMAREA_SWAPPED', message: /would find holes/ })
    const readOnly = memory.makeReadOnly()
    const byte = new Uint8Array(1)
    readOnly.read(7 * page, byte)
    assert.equal(byte[0], 9)
    memory = readOnly.makeMut()
    await swap.exit()
    mapMut({ file, shared: true }).unmap()
    memory.unmap()
  })

  test('is swapped beside private memory and a reservation', async () => {
    using file = memfd('swapped', { size: 20 * page })
    const shared = mapMut({ file, shared: true })
    const own = mapMut({ length: 30 * page })
    const reserved = reserveMut({ length: 100 * page })
    reserved.commit(40 * page, 10 * page)
    const parts: readonly [MmapMut | typeof reserved, number, number][] = [
      [own, 0, 30],
      [shared, 0, 20],
      [reserved, 40, 10],
    ]
    for (const [memory, from, count] of parts) memory.write(from * page, new Uint8Array(count * page).fill(count))
    const swap = await openSwap([own, shared, reserved], { store: memoryStore() })
    await swap.enable()
    await swap.out()
    assert.equal(swap.statistics.swapPages, 60)
    for (const [memory, from, count] of parts) {
      const bytes = new Uint8Array(count * page)
      memory.read(from * page, bytes)
      assert.ok(bytes.every((byte) => byte === count))
    }
    await swap.exit()
    for (const [memory] of parts) memory.unmap()
  })
})

test('memory that can not be swapped is refused, and nothing has changed', { timeout }, async () => {
  using file = memfd('swapped', { size: 20 * page })
  const open = (memory: MmapMut) => openSwap(memory, { store: memoryStore() })
  const memory = mapMut({ file, shared: true })
  const again = mapMut({ file, shared: true, offset: 4 * page })
  await assert.rejects(open(memory), { code: 'ERR_VMAREA_UNSUPPORTED', message: /is mapped at 0x[0-9a-f]+ as well/ })
  await assert.rejects(openSwap([memory, again], { store: memoryStore() }), { code: 'ERR_VMAREA_UNSUPPORTED' })
  again.unmap()
  const copy = mapMut({ file, length: page })
  await assert.rejects(open(copy), { code: 'ERR_VMAREA_UNSUPPORTED', message: /only private memory without a file/ })
  copy.unmap()
  const shared = mapMut({ length: page, shared: true })
  await assert.rejects(open(shared), { code: 'ERR_VMAREA_UNSUPPORTED' })
  shared.unmap()
  const path = join(temporaryFolder, 'on a disk')
  writeFileSync(path, new Uint8Array(page))
  const onDisk = mapMut({ file: path, shared: true })
  if (statfsSync(path).type !== TMPFS) {
    await assert.rejects(open(onDisk), { code: 'EINVAL', message: /only memory files can be swapped/ })
  }
  onDisk.unmap()
  unlinkSync(path)
  const readOnly = mapMut({ length: page }).makeReadOnly()
  await assert.rejects(open(readOnly as never), { code: 'ERR_VMAREA_UNSUPPORTED', message: /makeMut\(\) first/ })
  readOnly.unmap()
  const swap = await open(memory)
  await swap.exit()
  memory.unmap()
})
