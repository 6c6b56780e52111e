import { fileURLToPath } from 'node:url'
import { mapMut } from 'vmarea'
import { addon } from '../../dist/linux/addon/addon.js'
import { compileAddon } from '../support/compile-addon.js'
import { nanoseconds, paired } from '../support/paired.js'

const count = 500_000

/**
 * What a guarded read and an empty `access` cost, against a call into the addon that does nothing. Beside them what no guarded read can go
 * below: a function of Node-API that reads the three arguments of one, in C, and does nothing with them.
 */
export async function run() {
  const { nothing } = addon()
  const { readsThree } = compileAddon(fileURLToPath(new URL('node-api.c', import.meta.url)))
  const mapping = mapMut({ length: 1 << 20 })
  const target = new Uint8Array(64)
  const empty = () => nanoseconds(count, () => nothing())
  const rows = []
  for (const [work, act, limit] of [
    ['guarded read of 64 bytes', () => mapping.read(128, target), '<= 2.5'],
    ['three arguments of a native call, read in C', () => readsThree(1, 128, target), 'none'],
    ['access around nothing', () => mapping.access(() => 0), '<= 3'],
  ]) {
    const { measured, floor, ratio } = await paired(() => nanoseconds(count, act), empty)
    rows.push({
      work,
      measured: `${measured.toFixed(0)} ns`,
      floor: `${floor.toFixed(0)} ns, empty native call`,
      ratio,
      target: limit,
    })
  }
  mapping.unmap()
  return rows
}
