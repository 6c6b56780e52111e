// A driver can come by the memory that it serves: a buffer that was taken away from its mapping can be handed to another thread.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as threads from 'node:worker_threads'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { survives } from '../support/run-in-child.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

const canHandOver = 'transfer' in ArrayBuffer.prototype && 'postMessageToThread' in threads

/** Page 1 is made of page 5, as the program sees it. */
const touches = driverUrl(() => {
  let memory: Uint8Array | undefined
  process.on('workerMessage', (buffer: ArrayBuffer) => {
    memory = new Uint8Array(buffer)
  })
  return {
    size: 8 * page,
    mmap() {},
    fault(fault) {
      fault.bytes.fill(fault.offset === page && memory !== undefined ? memory[5 * page]! : 7)
    },
  }
})

const scenario = `
import { postMessageToThread } from 'node:worker_threads'
const [url, source] = args
const device = await vmarea.openDevice(url, { source, timeout: 300, run: page })
const memory = device.map()
const awake = setInterval(() => {}, 1000)
const buffer = memory.bytes.buffer.transfer()
await postMessageToThread(1, buffer, [buffer])
clearInterval(awake)
// The driver gets nothing from its own page, and goes on; who waits for it meanwhile does so for no longer than ever.
const answer = await memory.readAsync(page, new Uint8Array(1)).then((bytes) => bytes[0], (error) => error.cause.code)
assert.ok([0, 'EDEADLK', 'ETIMEDOUT'].includes(answer), String(answer))
const isNamed = (error) => {
  assert.equal(error.reason, 'driver')
  assert.equal(error.cause.code, 'EDEADLK')
  assert.match(error.cause.message, /touched memory that it serves itself/)
  return true
}
await until('the fault is told', () => memory.fault !== undefined)
assert.throws(() => memory.access((bytes) => bytes[0]), isNamed)
memory.restore()
await device.restart()
assert.deepEqual([...memory.read(2 * page, new Uint8Array(1)), ...memory.read(5 * page, new Uint8Array(1))], [7, 7])
await device.close()
memory.unmap()
`

eachSource(vmarea, ({ source, skip }) => {
  test('a driver that touches the memory that it serves is named, and no thread hangs for longer than the time limit', {
    skip: canHandOver ? skip : 'on this Node no memory comes into the hands of another thread',
  }, async () => {
    assert.equal(await survives(scenario, { args: [touches, source] }), '')
  })
})
