import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { survives } from '../support/run-in-child.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

/** Page 0 is 1, and noted in the first number once the driver has given it; page 1 can't be had. */
const noting = driverUrl((notes: Int32Array) => ({
  size: 2 * page,
  mmap() {},
  fault(fault) {
    if (fault.offset > 0) throw new Error('bad luck')
    fault.bytes.fill(1)
    // The answer is given before the next turn of the event loop.
    setImmediate(() => {
      Atomics.add(notes, 0, 1)
      Atomics.notify(notes, 0)
    })
  },
}))

eachSource(vmarea, ({ source, skip }) => {
  test('an answer that comes while the thread is being ended does not end the process', { skip }, async () => {
    const scenario = `
      const notes = new Int32Array(new SharedArrayBuffer(4))
      const [driver, source] = args
      const device = await vmarea.openDevice(driver, { driver: notes, source, run: page })
      // Nothing but the end of the thread keeps the process alive.
      device.prefetch(0, page)
      Atomics.wait(notes, 0, 0)
      await device.restart()
      assert.equal(device.state, 'serving')
      await device.invalidate()
      device.prefetch(0, page)
      Atomics.wait(notes, 0, 1)
      await device.close()
    `
    await survives(scenario, { args: [noting, source] })
  })

  // Through the guard no page stays failed: a second touch asks anew.
  const neverPoisoned = source === 'guard' && 'a failed page is not poisoned'
  test('what the thread has said counts while it is being ended', { skip: skip || neverPoisoned }, async () => {
    const scenario = `
      const notes = new Int32Array(new SharedArrayBuffer(4))
      const [driver, source] = args
      const device = await vmarea.openDevice(driver, { driver: notes, source, run: page })
      const memory = device.map()
      const failure = memory.readAsync(page, new Uint8Array(1)).catch((error) => error)
      // The error is on its way to this thread, which does not turn meanwhile.
      while (device.statistics.failures === 0) Atomics.wait(notes, 0, 0, 1)
      while (!poisoned(memory.start + BigInt(page))) Atomics.wait(notes, 0, 0, 1)
      const restarted = device.restart()
      assert.throws(() => memory.read(page, new Uint8Array(1)), (error) => {
        assert.equal(error.reason, 'driver')
        assert.equal(error.cause.cause.message, 'bad luck')
        return true
      })
      await failure // Told now or once the device serves again, when nobody knows more of it.
      await restarted
      await device.close()

      function poisoned(address) {
        const entry = new BigUint64Array(1)
        const pagemap = fs.openSync('/proc/self/pagemap')
        fs.readSync(pagemap, new Uint8Array(entry.buffer), 0, 8, (address / BigInt(page)) * 8n)
        fs.closeSync(pagemap)
        return (entry[0] >> 62n & 1n) === 1n
      }
    `
    await survives(scenario, { args: [noting, source] })
  })
})
