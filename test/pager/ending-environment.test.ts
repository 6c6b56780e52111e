// A thread of the program ends while it waits for a page that nobody gives: all others go on, and so does the process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { survives } from '../support/run-in-child.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

/** Page 0 has no answer. Who asks for it is counted. */
const stuck = driverUrl(({ asked }: { asked: Int32Array }) => ({
  size: 64 * page,
  mmap() {},
  fault(fault) {
    if (fault.offset > 0) return void fault.bytes.fill(fault.offset / page)
    Atomics.add(asked, 0, 1)
    return new Promise<void>((resolve) => setTimeout(resolve, 2 ** 30))
  },
}))

const scenario = `
const [url, source, how, end] = args
const asked = new Int32Array(new SharedArrayBuffer(4))
const ours = new Int32Array(new SharedArrayBuffer(4))
const open = (asked, timeout) => vmarea.openDevice(url, { source, driver: { asked }, run: page, timeout })
const device = await open(ours, 60_000)
const memory = device.map()
let next = 1
// Pages that nobody has touched, so that somebody has to serve them.
const goesOn = () => {
  assert.equal(memory.access((bytes) => bytes[next * page]), next)
  next++
}
goesOn()

const worker = startWorker(\`
  const { url, source, how, end, asked } = workerData
  // What waits in the guard or in the kernel is ended by nothing else.
  const timeout = how === 'plain' ? 600 : 60_000
  const device = await vmarea.openDevice(url, { source, driver: { asked }, run: page, timeout })
  const memory = device.map()
  if (how === 'plain') memory.bytes[0]
  else {
    memory.readAsync(0, new Uint8Array(1)).then(() => {}, () => {})
    memory.readAsync(page - 1, new Uint8Array(2)).then(() => {}, () => {})
  }
  parentPort.once('message', () => process.exit(7))
\`, { url, source, how, end, asked })
await until('it waits', () => Atomics.load(asked, 0) > 0)
goesOn()
const gone = exited(worker)
if (end === 'exit') worker.postMessage('end')
else worker.terminate()
goesOn()
assert.equal(await gone, end === 'exit' ? 7 : 1)
goesOn()

// The same of the thread that is left: what waits is told as the device is closed.
const isClosed = (error) => error.reason === 'driver' && error.cause.code === 'ENODEV'
const waiting = assert.rejects(memory.readAsync(0, new Uint8Array(1)), isClosed)
await until('it is asked', () => Atomics.load(ours, 0) > 0)
goesOn()
await device.close()
await waiting
assert.equal(memory.access((bytes) => bytes[page]), 1)
memory.unmap()
const again = await open(ours, 60_000)
const fresh = again.map()
assert.equal(fresh.access((bytes) => bytes[9 * page]), 9)
await again.close()
fresh.unmap()
await until('the memory of devices is gone', () => !fs.readFileSync('/proc/self/maps', 'latin1').includes('vmarea-device'))
`

eachSource({ ...vmarea, alike: true }, ({ source, skip }) => {
  for (const [how, end, title] of [
    ['copy', 'terminate', 'a thread that is terminated while copies of its wait'],
    ['copy', 'exit', 'a thread that ends itself while copies of its wait'],
    ['plain', 'terminate', 'a thread that is terminated while it waits in its bytes'],
  ] as const) {
    test(`${title} stops no other thread`, { skip }, async () => {
      assert.equal(await survives(scenario, { args: [stuck, source, how, end] }), '')
    })
  }
})
