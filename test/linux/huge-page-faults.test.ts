// Wrong accesses to huge pages while another thread asks for memory: the case sec-huge-page-beside-a-stranger.mjs. The pages must not be
// unmapped for a moment, since the kernel would give their addresses to that thread.
import { describe, test } from 'node:test'
import { longRuns } from '../support/long-runs.js'
import { raiseHugePages } from '../support/raise-huge-pages.js'
import { repeats } from '../support/repeats.js'
import { survives } from '../support/run-in-child.js'

const HUGE = 2 << 20

const skip = raiseHugePages(16)

describe('a wrong access to huge pages', { skip }, () => {
  test('leaves the memory of another thread alone, and its own bytes come back', async () => {
    await survives(`
      const huge = ${HUGE}
      const first = mapMut({ length: 4 * huge, hugePages: huge })
      first.bytes.fill(7)
      const mapping = first.makeReadOnly()
      const worker = startWorker(\`
        const kept = []
        for (let turn = 0; turn < 4000; turn++) {
          const mapping = mapMut({ length: 1 << 20, noReserve: true })
          if (mapping.start < BigInt(workerData) - (1n << 26n)) { mapping.unmap(); break }
          kept.push(mapping)
        }
        parentPort.postMessage('now')
        for (;;) {
          const arrays = Array.from({ length: 20 }, () => new Uint8Array(1 << 20).fill(0x55))
          for (const array of arrays) for (let at = 0; at < array.length; at += 4096) if (array[at] !== 0x55) parentPort.postMessage(array[at])
          arrays.length = 0
          globalThis.gc?.()
        }\`, String(mapping.start))
      await nextMessage(worker)
      const wrong = []
      worker.on('message', (byte) => wrong.push(byte))
      for (let round = 0; round < ${repeats(longRuns ? 1500 : 500)}; round++) {
        assert.throws(() => mapping.access((bytes) => { bytes[(1 + (round % 2)) * huge] = 1; assert.equal(bytes[huge - 1], 7) }), { name: 'MemoryFault', reason: 'read-only' })
        if (round % 50 === 0) await turn()
      }
      await turns()
      assert.deepEqual(wrong, [])
      assert.ok(mapping.bytes.every((byte) => byte === 7))
      await worker.terminate()`)
  })

  test('without permission, of a private map, of a shared one and of a file, is contained and undone', async () => {
    await survives(`
      const huge = ${HUGE}
      const file = memfd('huge', { size: 2 * huge, hugePages: huge })
      for (const options of [{}, { shared: true }, { file }, { file, shared: true }]) {
        const writable = mapMut({ length: 2 * huge, ...(options.file ? {} : { hugePages: huge }), ...options })
        writable.bytes[0] = 3
        const none = writable.makeNone()
        const readOnly = none.makeReadOnly()
        assert.throws(() => readOnly.access((bytes) => { bytes[0] = 9; bytes[huge] = 9; assert.equal(bytes[0], 9) }), { name: 'MemoryFault', reason: 'read-only' })
        assert.deepEqual([readOnly.bytes[0], readOnly.bytes[huge]], [3, 0], JSON.stringify(options, (key, value) => key === 'file' || value))
        assert.equal(readOnly.faults, 2)
        const again = readOnly.makeMut()
        again.bytes[huge] = 4
        assert.deepEqual([again.bytes[0], again.bytes[huge]], [3, 4])
        again.unmap()
      }`)
  })
})
