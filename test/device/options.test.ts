import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawDeviceOptions } from '#vmarea/device/raw-device-options.js'
import { type DeviceOptions, defineDevice, UsageError } from '#vmarea/device.js'
import { openDevice } from '#vmarea/index.js'
import { Machine } from '#vmarea/model.js'
import { isUsage } from '../support/throws.js'
import { open, PAGE } from './open.js'

const KiB = 1024

test('options have the defaults that the documentation says', () => {
  const { run, ...others } = rawDeviceOptions({}, PAGE)
  assert.deepEqual(run, { least: PAGE, most: 64 * KiB })
  assert.deepEqual(others, {
    driver: undefined,
    timeout: 30_000,
    residentLimit: Infinity,
    source: undefined,
    signal: undefined,
  })
})

test('run is rounded up to whole pages, and fits the resident limit', () => {
  const run = (options: DeviceOptions) => rawDeviceOptions(options, PAGE).run
  assert.deepEqual(run({ run: 1 }), { least: PAGE, most: PAGE })
  assert.deepEqual(run({ run: PAGE + 1 }), { least: 2 * PAGE, most: 2 * PAGE })
  assert.deepEqual(run({ run: { least: 128 * KiB } }), { least: 128 * KiB, most: 128 * KiB })
  assert.deepEqual(run({ run: { most: 5 * PAGE } }), { least: PAGE, most: 5 * PAGE })
  assert.deepEqual(run({ residentLimit: 16 * PAGE }), { least: PAGE, most: 8 * PAGE })
  assert.deepEqual(rawDeviceOptions({ run: 1 }, 65536).run, { least: 65536, most: 65536 })
})

const bad: readonly [what: string, options: unknown, message: RegExp][] = [
  ['null', null, /options must be an object/],
  ['a negative timeout', { timeout: -1 }, /timeout .* is -1/],
  ['a timeout of 0', { timeout: 0 }, /timeout/],
  ['a timeout that no timer can wait for', { timeout: 2 ** 31 }, /timeout .*at most 2147483647/],
  ['a timeout that is no number', { timeout: '5' }, /timeout .* is '5'/],
  ['a NaN timeout', { timeout: Number.NaN }, /timeout .* is NaN/],
  ['a run of 0', { run: 0 }, /run\.least .* is 0/],
  ['a fractional run', { run: { most: 4096.5 } }, /run\.most .* is 4096\.5/],
  ['a run that is a string', { run: '4096' }, /run must be/],
  ['a run of null', { run: null }, /run must be/],
  ['a most below the least', { run: { least: 8192, most: 4096 } }, /must not be less/],
  ['a resident limit below 16 pages', { residentLimit: 15 * PAGE }, /residentLimit .* 16 pages/],
  ['a resident limit that two runs do not fit', { residentLimit: 16 * PAGE, run: 9 * PAGE }, /twice/],
  ['a fractional resident limit', { residentLimit: 1e6 + 0.5 }, /residentLimit/],
  ['a source that there is not', { source: 'magic' }, /source of openDevice\(\) must be .*'guard'/],
  ['the name of a method as a source', { source: 'toString' }, /source of openDevice\(\) must be/],
  ['a signal that is none', { signal: {} }, /AbortSignal/],
]
for (const [what, options, message] of bad) {
  test(`openDevice refuses ${what}`, async () => {
    const process = new Machine().spawn()
    const definition = defineDevice(() => ({ fault() {} }))
    await assert.rejects(process.openDevice(definition, options as DeviceOptions<undefined>), (error) =>
      isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT', message),
    )
  })
}

test('openDevice refuses what is no driver', async () => {
  const process = new Machine().spawn()
  for (const driver of [undefined, null, 5, {}, () => {}, { operations: 5 }]) {
    await assert.rejects(process.openDevice(driver as never), (error) =>
      isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT', /URL of its module/),
    )
  }
})

test('openDevice asks for a whole URL, and says how to make one', async () => {
  const process = new Machine().spawn()
  for (const driver of ['./driver.js', 'driver.js', '/tmp/driver.js']) {
    await assert.rejects(process.openDevice(driver), (error) =>
      isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT', /new URL\('.*driver\.js', import\.meta\.url\)/),
    )
  }
})

test('on the running kernel a definition is refused: its hooks run on another thread', async () => {
  await assert.rejects(openDevice(defineDevice(() => ({ fault() {} }))), (error) =>
    isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT', /module of its own/),
  )
})

test('the modelled kernel has no other source than itself', async () => {
  await assert.rejects(open({ fault() {} }, { source: 'guard' }), (error) =>
    isUsage(error, 'ERR_VMAREA_UNSUPPORTED', /'guard'/),
  )
  const { device } = await open({ fault() {} }, { source: 'model' })
  assert.equal(device.source, 'model')
})

const module = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`

test('a module that fails as it loads is named, with its error as the cause', async () => {
  const process = new Machine().spawn()
  const url = module('throw new RangeError("oh")')
  await assert.rejects(
    process.openDevice(url),
    (error: Error) =>
      isUsage(error, 'ERR_VMAREA_NOT_A_DRIVER', /data:text.*oh/) && (error.cause as Error).name === 'RangeError',
  )
})

test('defaults that are no driver are refused, whatever they are', async () => {
  const process = new Machine().spawn()
  for (const value of ['5', 'null', 'undefined', '{ fault() {} }', 'class {}', 'Promise.resolve({})']) {
    await assert.rejects(
      process.openDevice(module(`export default ${value === '{ fault() {} }' ? '({ fault() {} })' : value}`)),
      (error) => isUsage(error, 'ERR_VMAREA_NOT_A_DRIVER', /defineDevice/),
    )
  }
})

const wrongHooks: readonly [what: string, hooks: unknown, message: RegExp][] = [
  ['nothing', undefined, /returned undefined/],
  ['neither mmap nor fault', { open() {}, close() {} }, /neither/],
  ['a hook that is no function', { fault: 5 }, /hook fault must be a function, and is 5/],
  ['a negative size', { fault() {}, size: -1 }, /size .* is -1/],
  ['a fractional size', { fault() {}, size: 0.5 }, /size .* is 0\.5/],
  ['a size in words', { fault() {}, size: '1' }, /size .* is '1'/],
]
for (const [what, hooks, message] of wrongHooks) {
  test(`a driver whose function returns ${what} is refused at open`, async () => {
    const process = new Machine().spawn()
    await assert.rejects(process.openDevice(defineDevice(() => hooks as never)), (error) =>
      isUsage(error, 'ERR_VMAREA_NOT_A_DRIVER', message),
    )
  })
}

test('defineDevice takes a function', () => {
  for (const value of [undefined, {}, 5]) {
    assert.throws(
      () => defineDevice(value as never),
      (error) => isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT'),
    )
  }
})

test('ranges that do not lie in the device are refused', async () => {
  const { device, context } = await open({ fault() {} })
  const ranges: readonly [offset: number, length?: number][] = [
    [-1],
    [0.5],
    [Number.NaN],
    [0, -1],
    [0, 16 * PAGE + 1],
    [16 * PAGE, 1],
    [17 * PAGE],
    [2 ** 53, 1],
  ]
  for (const [offset, length] of ranges) {
    const refused = (error: unknown) => isUsage(error, 'ERR_VMAREA_OUT_OF_RANGE')
    await assert.rejects(device.ready(offset, length), refused, `${offset} ${length}`)
    await assert.rejects(device.invalidate(offset, length), refused)
    assert.throws(() => device.prefetch(offset, length), refused)
  }
  for (const [offset, length] of [
    [-1, 1],
    [0, 0.5],
    [0, Number.NaN],
    [2 ** 53 - 1, 1],
  ] as const) {
    assert.throws(
      () => context.invalidate(offset, length),
      (error) => isUsage(error, 'ERR_VMAREA_OUT_OF_RANGE'),
    )
  }
  await device.ready(16 * PAGE)
  assert.equal(device.statistics.fills, 0)
})

test('a device without an end requires a length for ready, and invalidates all without one', async () => {
  const { device } = await open({ size: Infinity, fault() {} })
  await assert.rejects(device.ready(), (error) => isUsage(error, 'ERR_VMAREA_INVALID_ARGUMENT', /ready/))
  assert.throws(() => device.prefetch(), UsageError)
  await device.ready(0, PAGE)
  await device.invalidate()
  assert.equal(device.statistics.bytesResident, 0)
})
