// The case sec-sort-of-shared-memory, through sharedBytes.
// An engine sorts an ArrayBuffer in place, because nothing else could write it, and leaves its bounds where another thread does; of a
// SharedArrayBuffer it sorts a copy.
import { test } from 'node:test'
import { survives } from '../support/run-in-child.js'
import { whyNoSharedBuffers } from '../support/shared-buffers.js'

test('sort() of sharedBytes that another thread writes leaves no bounds', { skip: whyNoSharedBuffers() }, async () => {
  await survives(`
    const file = memfd('sort', { size: 16 * page })
    const mapping = mapMut({ file, shared: true })
    const numbers = (bytes) => new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8)
    const worker = startWorker(\`
      const { bytes } = mapMut({ file: workerData, shared: true })
      const array = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8)
      parentPort.postMessage('now')
      for (let at = 1; ; ) {
        at = (at * 1103515245 + 12345) & 0x7fffffff
        array[at % array.length] = at & 1 ? -1e300 : 1e300
      }\`, file.fd)
    await nextMessage(worker)
    const array = numbers(mapping.sharedBytes)
    for (let sorts = 0; sorts < 1000; sorts++) array.sort()
    assert.equal(mapping.faults, 0)
    await worker.terminate()`)
})
