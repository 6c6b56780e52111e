// The case windows-do-not-collect, with windows of half its size: the engine looks at the length of a new buffer before it can be told that
// the bytes are not the heap's, and begins to collect at one of 64 MiB.
import { test } from 'node:test'
import { survives } from '../support/run-in-child.js'

test('a large file is read through windows without a collection for each few of them', async () => {
  await survives(`
    const { PerformanceObserver, constants } = await import('node:perf_hooks')
    const windows = 200, window = 32 * 2 ** 20
    let full = 0
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries()) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) full++
    })
    observer.observe({ entryTypes: ['gc'] })
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
    // Every fourth window began one.
    assert.ok(viewing <= reading + 4, viewing + ' full collections of ' + heap.length + ' objects for views, ' + reading + ' for reads')`)
})
