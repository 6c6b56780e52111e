import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { patient } from '../support/patient.js'
import { runInChild, survives } from '../support/run-in-child.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()

/** Page 0 is 1, page 1 ends the thread the way that `how` says, others are 2. Restarted, page 1 is 3. */
const mortal = driverUrl(async ({ how, file }: { how: string; file: string }) => {
  const fs = await import('node:fs')
  return {
    size: 8 * page,
    mmap() {},
    fault(fault) {
      if (fault.offset === 0) return void fault.bytes.fill(1)
      if (fault.offset !== page) return void fault.bytes.fill(2)
      if (fs.existsSync(file)) return void fault.bytes.fill(3)
      fs.writeFileSync(file, '')
      fault.bytes.fill(99)
      if (how === 'exit') process.exit(3)
      const never = new Int32Array(new SharedArrayBuffer(4))
      if (how === 'loop') for (;;) Atomics.wait(never, 0, 0, 10)
      if (how === 'throw') {
        setImmediate(() => {
          throw new Error('out of the blue')
        })
      }
      if (how === 'memory') {
        const hog: number[][] = []
        for (;;) hog.push(new Array(100_000).fill(1.5))
      }
      return new Promise<void>(() => {})
    },
  }
})

const scenario = `
const { openDevice } = vmarea
const [how, url, file, source] = args
const device = await openDevice(url, { driver: { how, file }, source, timeout: how === 'loop' ? 300 : 60_000, run: page })
const deaths = []
device.asRaw().onDeath((cause) => deaths.push(cause))
const memory = device.map()
assert.equal(memory.bytes[0], 1)
const before = performance.now()
assert.throws(() => memory.access((bytes) => bytes[page]), (error) => {
  assert.ok(error instanceof MemoryFault, String(error))
  assert.equal(error.reason, 'driver')
  assert.ok(error.cause instanceof VmError, String(error.cause))
  console.log(error.cause.code)
  return true
})
assert.ok(performance.now() - before < 55_000, 'it waited for ' + (performance.now() - before))
assert.equal(memory.access((bytes) => bytes[0]), 1)
// The hook began a little later than the access that waited for it.
if (how === 'loop') while (device.state !== 'dead') await pause()
assert.equal(device.state, 'dead')
assert.throws(() => memory.access((bytes) => bytes[2 * page]), { reason: 'driver' })
await turns(5)
if (how !== 'loop') {
  while (deaths.length === 0) await pause()
  assert.equal(deaths.length, 1)
  await assert.rejects(device.ready(), { code: 'EIO' })
  assert.throws(() => device.map(), { code: 'EIO' })
}
// Outside of access what nobody has is covered: the device comes back under it.
assert.equal(memory.bytes[4 * page], 0)
assert.equal(memory.fault.reason, 'driver')
await device.restart()
assert.equal(device.state, 'serving')
assert.throws(() => memory.access((bytes) => bytes[page]), { reason: 'driver' })
memory.restore()
assert.equal(memory.access((bytes) => bytes[4 * page]), 2)
assert.equal(memory.access((bytes) => bytes[page]), 3)
assert.equal(memory.access((bytes) => bytes[2 * page]), 2)
assert.equal(memory.access((bytes) => bytes[0]), 1)
await device.close()
assert.equal(memory.access((bytes) => bytes[page]), 3)
assert.throws(() => memory.access((bytes) => bytes[3 * page]), (error) => error.reason === 'driver' && error.cause.code === 'ENODEV')
memory.unmap()
`

eachSource({ ...vmarea, alike: true }, ({ source, skip }) => {
  for (const how of ['exit', 'throw', 'loop', 'memory']) {
    const ways: Record<string, string> = {
      exit: 'ends its thread',
      throw: 'throws where nobody catches',
      loop: 'loops for ever',
      memory: 'takes all memory',
    }
    test(`a driver that ${ways[how]} fails the access, and comes back with restart`, { skip }, async () => {
      const code = await survives(scenario, {
        args: [how, mortal, join(temporaryFolder, `${how}-${source}`), source],
        flags: ['--max-old-space-size=64'],
      })
      assert.equal(code, how === 'loop' ? 'ETIMEDOUT\n' : 'EIO\n')
    })
  }

  test('a process with an open device ends at once, and silently', { skip }, async () => {
    const simple = driverUrl(() => ({ mmap() {}, fault: (fault) => void fault.bytes.fill(1) }))
    const before = performance.now()
    const result = await runInChild(
      `const device = await vmarea.openDevice(args[0], { source: args[1] })
     const memory = device.map({ length: 2 ** 40 })
     console.log(memory.view(2 ** 39, 1)[0])`,
      { args: [simple, source] },
    )
    assert.deepEqual({ ...result, signal: result.signal }, { code: 0, signal: null, stdout: '1\n', stderr: '' })
    assert.ok(performance.now() - before < patient(25_000))
  })
})

test('a process that waits for a restart lives on, though the last answer comes meanwhile', async () => {
  const answers = driverUrl(({ control }: { control: Int32Array }) => ({
    mmap() {},
    fault(fault) {
      fault.bytes.fill(1)
      // The answer has been sent when this turn is over.
      setImmediate(() => {
        Atomics.store(control, 0, 1)
        Atomics.notify(control, 0)
      })
    },
  }))
  await survives(
    `const control = new Int32Array(new SharedArrayBuffer(4))
     const device = await vmarea.openDevice(args[0], { source: 'guard', driver: { control } })
     device.ready(0, page).catch(() => {})
     Atomics.wait(control, 0, 0)
     await device.restart()
     await device.close()`,
    { args: [answers] },
  )
})
