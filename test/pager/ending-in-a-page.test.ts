// A thread of the program waits without a limit for a page that a driver never gives, and is to end: it ends.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInChild } from '../support/run-in-child.js'
import { driverUrl } from './driver-url.js'

const silent = driverUrl(({ asked }: { asked: Int32Array }) => ({
  size: 64 * 4096,
  mmap() {},
  fault() {
    Atomics.add(asked, 0, 1)
    return new Promise<void>((resolve) => setTimeout(resolve, 2 ** 30))
  },
}))

const scenario = `
const [url, source, end] = args
const asked = new Int32Array(new SharedArrayBuffer(4))
const worker = startWorker(\`
  const { url, source, asked } = workerData
  const device = await vmarea.openDevice(url, { source, driver: { asked }, timeout: Infinity })
  const { bytes } = device.map()
  for (;;) bytes[0]
\`, { url, source, asked })
await until('it waits', () => Atomics.load(asked, 0) > 0)
if (end === 'terminate') assert.equal(await worker.terminate(), 1)
process.exit(7)
`

// Through a userfaultfd the thread waits in the kernel, and ends with the device's time limit.
for (const end of ['terminate', 'exit']) {
  test(`a thread that waits in the fault guard without a limit ends by ${end}`, async () => {
    const { code, signal, stderr } = await runInChild(scenario, { args: [silent, 'guard', end] })
    assert.deepEqual({ code, signal }, { code: 7, signal: null }, stderr)
  })
}
