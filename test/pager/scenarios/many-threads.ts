// Workers touch maps of their own of one file, and threads of the pool a fifth, while one Worker serves them all and memory is collected.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { Random } from '../../differential/random.js'
import { kernel, page } from '../../userfaultfd/own-kernel.js'
import { fill } from './fill.js'
import { Served } from './served.js'

const PAGES = 1500
const WORKERS = 3

if (isMainThread) {
  const served = await Served.open(PAGES, { maps: true })
  const touching = Array.from({ length: WORKERS }, (_, index) => {
    const data = { descriptor: served.descriptor, seed: index + 1 }
    const worker = new Worker(new URL(import.meta.url), { workerData: data, argv: process.argv.slice(2) })
    return new Promise<number>((resolve, reject) => {
      worker.on('error', reject)
      worker.on('message', async ([what, value]: [string, number]) => {
        if (what === 'wrong') return resolve(value)
        await served.call('also', value, PAGES * page)
        worker.postMessage('watched')
      })
    })
  })
  const random = new Random(99)
  // The threads of the pool meet at the same pages: one may find its page shown by the time it asks.
  const pool = (async () => {
    let wrong = 0
    for (let step = 0; step < 300; step++) {
      const number = random.below(PAGES)
      const four = Array.from({ length: 4 }, async () => {
        const bytes = new Uint8Array(8)
        const fault = await served.region.readAsync(number * page + 16, bytes)
        if (fault !== undefined || bytes[7] !== fill(number)) wrong++
      })
      await Promise.all(four)
      if (step % 3 === 0) await served.call('hide', served.start + number * page, page)
      if (step % 100 === 0) globalThis.gc!()
    }
    return wrong
  })()
  const wrong = await Promise.all([...touching, pool])
  const { faults } = served.region
  console.log(JSON.stringify({ wrong: wrong.reduce((sum, one) => sum + one), faults, served: await served.stop() }))
} else {
  const { descriptor, seed } = workerData as { descriptor: number; seed: number }
  const region = kernel.regions.mapRegion(0n, PAGES * page, PROT.NONE, MAP.SHARED, descriptor, 0, page)
  parentPort!.postMessage(['start', Number(region.start)])
  await new Promise((resolve) => parentPort!.once('message', resolve))
  region.protect(0, PAGES * page, PROT.READ | PROT.WRITE, PROT.NONE)
  const bytes = new Uint8Array(region.view(0, region.length))
  const random = new Random(seed)
  let wrong = 0
  for (let step = 0; step < PAGES; step++) {
    const number = random.below(PAGES)
    if (bytes[number * page + random.below(page)] !== fill(number)) wrong++
    if (step % 300 === 0) globalThis.gc!()
  }
  for (let number = 0; number < PAGES; number++) if (bytes[number * page] !== fill(number)) wrong++
  parentPort!.postMessage(['wrong', wrong + region.faults])
  parentPort!.close()
}
