import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as vmarea from '../published/index.js'
import { pageSize } from '../published/index.js'
import { placeApart } from '../support/place-apart.js'
import { until } from '../support/until.js'
import { driverUrl } from './support/driver-url.js'
import { eachSource } from './support/each-source.js'

const page = pageSize()
const PAGES = 4
/** Where nobody is given memory who does not ask for it. */
const ADDRESS = placeApart(PAGES * page)
const [GO_ON, STOPPED] = [0, 1]

/** Its thread stands still in the hook until it is told to go on, and hears of nothing meanwhile. */
const still = driverUrl(({ control }: { control: Int32Array }) => ({
  mmap() {},
  fault(fault) {
    Atomics.store(control, 1, 1)
    Atomics.wait(control, 0, 0)
    fault.bytes.fill(0xaa)
  },
}))

const numbered = driverUrl(() => ({
  mmap() {},
  fault(fault) {
    fault.bytes.fill(fault.offset / page + 1)
  },
}))

eachSource(vmarea, ({ openDevice, skip }) => {
  test('addresses that one device has left are another one’s before the first has heard of it', { skip }, async () => {
    const control = new Int32Array(new SharedArrayBuffer(8))
    await using first = await openDevice(still, { driver: { control }, run: page })
    await using second = await openDevice(numbered, { run: page })
    const place = { length: PAGES * page, shared: true, address: ADDRESS, fixed: 'noreplace' } as const
    using elsewhere = first.map({ length: page, shared: true })
    const left = first.map(place)
    const reading = elsewhere.readAsync(0, new Uint8Array(1))
    await until('nobody asks the driver', () => Atomics.load(control, STOPPED) === 1)
    left.unmap()
    using memory = second.map(place)
    // The first device shows its page wherever it believes it to be mapped, and then hears that it is not there any more.
    Atomics.store(control, GO_ON, 1)
    Atomics.notify(control, GO_ON)
    assert.equal((await reading)[0], 0xaa)
    await first.invalidate(0, page)
    const bytes = Array.from({ length: PAGES }, (_, at) => memory.read(at * page, new Uint8Array(1))[0])
    assert.deepEqual(bytes, [1, 2, 3, 4])
  })
})
