import { cycles, rounds, touches } from '../mapping/map-touch-unmap.js'
import { mmapRs } from '../support/mmap-rs.js'
import { paired } from '../support/paired.js'

/** Map, touch and unmap one anonymous page, against the crate mmap-rs. */
export async function run() {
  const peer = mmapRs()
  if (peer === undefined) return []
  const rows = []
  for (const [name, touch] of Object.entries(touches)) {
    const { measured, floor, ratio } = await paired(
      () => cycles(touch),
      () => peer('map-touch-unmap', rounds)[0],
    )
    rows.push({
      work: `map, touch ${name}, unmap a page`,
      measured: `${measured.toFixed(0)} ns`,
      floor: `${floor.toFixed(0)} ns, mmap-rs`,
      ratio,
      target: '<= 2.5',
    })
  }
  return rows
}
