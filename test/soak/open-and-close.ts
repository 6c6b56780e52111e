import assert from 'node:assert/strict'
import { driverUrl } from '../pager/support/driver-url.js'
import { type FaultSourceName, openDevice, pageSize } from '../published/index.js'
import { nothingLeft, settledLeftovers } from './leftovers.js'

const page = pageSize()

/** After so many, threads that the library keeps for itself are there. */
const WARM_UP = 4
/** Devices that are open at once. */
const TOGETHER = 4

const driver = driverUrl((_, host) => ({
  size: 64 * page,
  mmap(area) {
    area.changeFlags(0x1000_0000n, 0n)
    area.insertPage(area.start, host.allocatePage())
  },
  fault(fault) {
    fault.bytes.fill(fault.offset / page + 1)
  },
}))

/** What the opening and closing of devices took. */
export interface OpensAndCloses {
  /** Of one device, with the others that were open meanwhile. */
  readonly milliseconds: number
  /** Of one device, on all processors. */
  readonly processorMilliseconds: number
  /** Bytes of the process in memory, before the first one and after the last. */
  readonly memory: readonly [before: number, after: number]
}

/**
 * Opens, maps, touches and closes so many devices, and leaves every third mapping to the garbage collector. Throws unless all that they
 * were made of is given back.
 */
export async function openAndClose(
  opens: number,
  sources: readonly FaultSourceName[],
  tell: (done: number) => void = () => {},
): Promise<OpensAndCloses> {
  const page = pageSize()
  const one = async (number: number, leave: boolean) => {
    const device = await openDevice(driver, { source: sources[number % sources.length]!, run: page })
    const memory = device.map({ shared: number % 2 === 0 })
    assert.equal(memory.read(page, new Uint8Array(1))[0], 2)
    assert.equal(memory.read(0, new Uint8Array(1))[0], 0)
    assert.equal((await memory.readAsync(9 * page, new Uint8Array(1)))[0], 10)
    await device.close()
    assert.equal(memory.read(9 * page, new Uint8Array(1))[0], 10)
    if (!leave || number % 3 !== 0) memory.unmap()
  }
  const some = async (count: number, leave: boolean) => {
    for (let at = 0; at < count; at += TOGETHER) {
      await Promise.all(Array.from({ length: Math.min(TOGETHER, count - at) }, (_, index) => one(at + index, leave)))
      tell(at)
    }
  }
  await some(WARM_UP * sources.length, false)
  const before = await settledLeftovers()
  const memory = process.memoryUsage.rss()
  const started = performance.now()
  const processor = process.cpuUsage()
  await some(opens, true)
  const { user, system } = process.cpuUsage(processor)
  const milliseconds = (performance.now() - started) / opens
  await nothingLeft(before)
  return {
    milliseconds,
    processorMilliseconds: (user + system) / 1000 / opens,
    memory: [memory, process.memoryUsage.rss()],
  }
}
