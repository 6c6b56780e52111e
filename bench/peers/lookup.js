import { Mm } from 'vmarea'
import { manyAreas } from '../support/many-areas.js'
import { mmapRs } from '../support/mmap-rs.js'
import { nanoseconds, paired } from '../support/paired.js'

/** A look-up in a process of 50,000 areas, against the query of the crate mmap-rs, which reads the list. */
export async function run() {
  const peer = mmapRs()
  if (peer === undefined) return []
  const { pid, first, stride, places, stop } = await manyAreas(50_000)
  const mm = Mm.of(pid)
  try {
    const guard = mm.mmgetNotZero().mmapReadLock()
    const addresses = Array.from({ length: 4096 }, (_, index) => BigInt(first + ((index * 7919) % places) * stride))
    const { measured, floor, ratio } = await paired(
      () => nanoseconds(50_000, (index) => guard.vmaLookup(addresses[index & 4095]).end),
      () => peer('query', pid, first, stride, places, 20)[0],
      3,
    )
    return [
      {
        work: 'vmaLookup among 50,000 areas',
        measured: `${measured.toFixed(0)} ns`,
        floor: `${(floor / 1000).toFixed(0)} µs, mmap-rs query`,
        ratio: `${(1 / ratio).toFixed(0)} x as fast`,
        target: '>= 100 x',
      },
    ]
  } finally {
    mm[Symbol.dispose]()
    stop()
  }
}
