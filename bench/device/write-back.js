// What programs write to a device, and its driver takes, beside the same in C: the first write to a page, and a flush of all of them.
import { openDevice } from '../../dist/index.js'
import { loadFloor } from '../support/load-floor.js'
import { median } from '../support/paired.js'

const MiB = 2 ** 20
const LENGTH = 64 * MiB
const PAGES = LENGTH / 4096
const ROUNDS = Number(process.env.VMAREA_BENCH_ROUNDS ?? 9)
const DRIVER = new URL('../support/device/storing-driver.js', import.meta.url)

export async function run() {
  const floor = loadFloor(new URL('../support/device/written.c', import.meta.url))
  const address = floor.open(LENGTH)
  if (address < 0) throw new Error(`the floor failed: error ${-address}`)
  const device = await openDevice(DRIVER, { driver: { size: LENGTH } })
  const memory = device.map({ protection: 'write', shared: true })
  await device.ready(0, LENGTH)
  const times = new Float64Array(PAGES)
  const writes = [[], []]
  const flushes = [[], []]
  for (let round = -1; round < ROUNDS; round++) {
    floor.write(Number(memory.start), PAGES, times)
    if (round >= 0) writes[0].push(...times)
    const before = performance.now()
    await memory.flush()
    if (round >= 0) flushes[0].push((performance.now() - before) / 1000)
    floor.write(address, PAGES, times)
    if (round >= 0) writes[1].push(...times)
    const time = floor.flush()
    if (time < 0) throw new Error(`the floor failed: error ${-time}`)
    if (round >= 0) flushes[1].push(time / 1e9)
  }
  memory.unmap()
  await device.close()
  floor.close()
  const at = (share) => writes.map((all) => Float64Array.from(all).sort()[Math.floor(all.length * share)] / 1000)
  const row = (work, [measured, base]) => ({ work, measured, floor: base, ratio: measured / base, target: 'none' })
  const rates = flushes.map((all) => LENGTH / MiB / median(all))
  return [
    row('the first write to a page that is written back, p50 (µs)', at(0.5)),
    row('the first write to a page that is written back, p99 (µs)', at(0.99)),
    row(`flush of ${LENGTH / MiB} MiB to a driver that keeps them in memory (MiB/s)`, rates),
  ]
}
