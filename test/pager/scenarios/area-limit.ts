// Every second page of so many that the areas run out: all is hidden once, and goes on.
import { readFileSync } from 'node:fs'
import { addon } from '#vmarea/linux/addon/addon.js'
import { page } from '../../userfaultfd/own-kernel.js'
import { fill } from './fill.js'
import { Served } from './served.js'

const limit = Number(readFileSync('/proc/sys/vm/max_map_count', 'utf8'))
const touched = Math.ceil(limit / 2) + 200
const served = await Served.open(2 * touched + 512, { run: 1 })
const byte = new Uint8Array(1)
let wrong = 0
let most = 0
for (let step = 0; step < touched; step++) {
  if (served.region.read(2 * step * page, byte) !== undefined || byte[0] !== fill(2 * step)) wrong++
  if (step % 8192 === 0) most = Math.max(most, addon().countAreas())
}
// What was hidden faults once more.
for (let step = 0; step < 100; step++) {
  if (served.region.read(2 * step * page, byte) !== undefined || byte[0] !== fill(2 * step)) wrong++
}
const { faults } = served.region
console.log(
  JSON.stringify({ wrong, faults, touched, areas: addon().countAreas(), most, limit, served: await served.stop() }),
)
