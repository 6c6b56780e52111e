import { Random } from '../differential/random.js'
import type { FaultSourceName } from '../published/index.js'
import { countLeftovers, nothingLeft, settledLeftovers } from './leftovers.js'
import { SoakedDevice } from './soaked-device.js'

const MOST_DEVICES = 4

export interface SoakOptions {
  readonly seconds: number
  readonly seed: number
  readonly sources: readonly FaultSourceName[]
  /** Is told once a minute, and at the end. */
  readonly tell: (line: string) => void
}

/**
 * Random use of random devices, with all that is read checked: maps, readers on many threads, writes, invalidations, ends of the pager's
 * thread, restarts, budgets. Throws at the first thing that is wrong, and where anything is left at the end.
 */
export async function soak({ seconds, seed, sources, tell }: SoakOptions): Promise<void> {
  const random = new Random(seed)
  const devices = new Set<SoakedDevice>()
  const counts = { actions: 0, devices: 0, restarts: 0, reads: 0, refused: 0 }
  let started = performance.now()
  const passed = () => (performance.now() - started) / 1000
  let told = 0
  const line = () => {
    const { descriptors, areas, threads } = countLeftovers()
    const memory = Math.round(process.memoryUsage.rss() / 2 ** 20)
    tell(
      `seed ${seed}: ${Math.round(passed())} s, ${JSON.stringify(counts)}, ${descriptors} descriptors, ${areas} areas, ${threads} threads, ${memory} MiB`,
    )
  }
  // An await of what nobody will ever settle lets the process end without a word.
  const endedEarly = () =>
    tell(
      `seed ${seed}, after ${counts.actions} actions: nothing can settle what is waited for: ${[...devices].join('\n')}`,
    )
  process.once('exit', endedEarly)
  const close = async (device: SoakedDevice) => {
    await device.close()
    devices.delete(device)
    counts.reads += device.reads
    counts.refused += device.refused
  }
  // Some use of each source, so that what is kept for good is there before anything is counted.
  for (const source of sources) {
    const device = await SoakedDevice.open(random, source)
    devices.add(device)
    for (let action = 0; action < 50; action++) await device.act()
    await close(device)
  }
  const before = await settledLeftovers()
  started = performance.now()
  try {
    while (passed() < seconds) {
      counts.actions++
      if (devices.size === 0 || (devices.size < MOST_DEVICES && random.chance(2))) {
        devices.add(await SoakedDevice.open(random, random.pick(sources)))
        counts.devices++
      }
      const device = random.pick([...devices])
      if (random.chance(0.3)) await close(device)
      else counts.restarts += await device.act()
      if (passed() - told * 60 >= 60) {
        told++
        line()
      }
    }
    for (const device of [...devices]) await close(device)
    await nothingLeft(before)
  } catch (error) {
    const when = `seed ${seed}, after ${counts.actions} actions and ${passed().toFixed(1)} s`
    throw new Error(`${when}; open are\n${[...devices].join('\n')}`, { cause: error })
  } finally {
    process.off('exit', endedEarly)
  }
  line()
}
