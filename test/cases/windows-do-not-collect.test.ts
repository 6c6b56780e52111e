// The case windows-do-not-collect: V8 counts the length of each ArrayBuffer as memory that a collection might give back, and collects for each
// that is long. So the windows of a file share one buffer, or as few as an engine needs that has a longest one (Node 20: 4 GiB).
import assert from 'node:assert/strict'
import { constants } from 'node:buffer'
import { test } from 'node:test'
import { type Mmap, map, memfd, pageSize } from 'vmarea'
import { survives } from '../support/run-in-child.js'

const GiB = 2 ** 30
const longest = constants.MAX_LENGTH
const page = pageSize()

function largeFile(): Mmap {
  const file = memfd('large', { size: 9 * GiB })
  return map({ file, shared: true })
}

test('a large file is read through windows with a collection for each part of it at most', async () => {
  await survives(`
    const { PerformanceObserver, constants: { NODE_PERFORMANCE_GC_MAJOR } } = await import('node:perf_hooks')
    const { constants } = await import('node:buffer')
    const windows = 512, window = 64 * 2 ** 20
    let full = 0
    new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === NODE_PERFORMANCE_GC_MAJOR) full++
    }).observe({ entryTypes: ['gc'] })
    const file = memfd('windows', { size: windows * window })
    const heap = Array.from({ length: 100_000 }, (_, index) => ({ index })) // what a full collection has to go through
    const mapping = map({ file, shared: true })
    const collections = async (step) => {
      await turns()
      full = 0
      for (let index = 0; index < windows; index++) {
        step(index)
        if (index % 10 === 9) await turn()
      }
      await turns()
      return full
    }
    const byte = new Uint8Array(1)
    const reading = await collections((index) => mapping.read(index * window, byte))
    const viewing = await collections((index) => mapping.view(index * window, window)[0])
    const parts = Math.ceil(mapping.size / constants.MAX_LENGTH)
    // A buffer for each window costs one for every sixteenth of them.
    const most = reading + parts + 4
    assert.ok(viewing <= most, viewing + ' full collections of ' + heap.length + ' objects for views, ' + reading + ' for reads')`)
})

test('windows of one part share a buffer, and each reaches its own bytes', () => {
  using mapping = largeFile()
  const [first, last] = [mapping.view(page, page), mapping.view(2 * page, page)]
  assert.equal(first.buffer, last.buffer)
  const places = [0, 4 * GiB - page, 4 * GiB, 8 * GiB + 5, 9 * GiB - page]
  for (const place of places) assert.equal(mapping.view(place, page).length, page)
  const wide = 8 * GiB > longest
  const border = Math.min(longest, 4 * GiB)
  const over = mapping.view(border - page, 2 * page)
  assert.equal(over.length, 2 * page)
  assert.equal(over.buffer === first.buffer, !wide, 'over the border of two parts it has a buffer of its own')
})

test('a part whose buffer was transferred away is made again, and an unmap takes all parts', () => {
  const mapping = largeFile()
  const far = mapping.view(8 * GiB, page)
  // Node 20 has no way to take it away.
  const transfer = Reflect.get(far.buffer, 'transfer') as undefined | (() => ArrayBuffer)
  const stolen = transfer?.call(far.buffer)
  assert.equal(far.length, stolen === undefined ? page : 0)
  assert.equal(mapping.view(8 * GiB, page).length, page)
  const views = [0, 4 * GiB - page, 5 * GiB, 9 * GiB - page].map((place) => mapping.view(place, page))
  mapping.unmap()
  assert.deepEqual(
    views.map(({ length }) => length),
    views.map(() => 0),
  )
})
