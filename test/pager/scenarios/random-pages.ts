// 10,000 pages here and there of 4 GiB, each of which must be right, and how many areas and how long that took.
import { addon } from '#vmarea/linux/addon/addon.js'
import { Random } from '../../differential/random.js'
import { page } from '../../userfaultfd/own-kernel.js'
import { fill } from './fill.js'
import { Served } from './served.js'

const PAGES = 2 ** 20
const TOUCHED = 10_000

const served = await Served.open(PAGES)
const before = addon().countAreas()
const random = new Random(Number(process.argv[3]))
const byte = new Uint8Array(1)
let wrong = 0
const begin = performance.now()
for (let step = 0; step < TOUCHED; step++) {
  const number = random.below(PAGES)
  if (served.region.read(number * page + 1, byte) !== undefined || byte[0] !== fill(number)) wrong++
}
const took = performance.now() - begin
const areas = addon().countAreas() - before
const { markers } = served
console.log(JSON.stringify({ wrong, areas, markers, took, served: await served.stop() }))
