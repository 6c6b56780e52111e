import { mapMut } from 'vmarea'
import { addon } from '../../dist/linux/addon/addon.js'
import { nanoseconds, paired } from '../support/paired.js'

const count = 500_000

/** What a guarded read and an empty `access` cost, against a call into the addon that does nothing. */
export async function run() {
  const { nothing } = addon()
  const mapping = mapMut({ length: 1 << 20 })
  const target = new Uint8Array(64)
  const empty = () => nanoseconds(count, () => nothing())
  const rows = []
  for (const [work, act, limit] of [
    ['guarded read of 64 bytes', () => mapping.read(128, target), 3],
    ['access around nothing', () => mapping.access(() => 0), 5],
  ]) {
    const { measured, floor, ratio } = await paired(() => nanoseconds(count, act), empty)
    rows.push({
      work,
      measured: `${measured.toFixed(0)} ns`,
      floor: `${floor.toFixed(0)} ns, empty native call`,
      ratio,
      target: `<= ${limit}`,
    })
  }
  mapping.unmap()
  return rows
}
