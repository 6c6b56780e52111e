// The server fails a page, is too late, or ends: the access fails and says so, in a copy and in plain bytes, and what is there stays.
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { kernel, page } from '../../userfaultfd/own-kernel.js'
import { fill } from './fill.js'
import { Served } from './served.js'

const way = process.argv[3]!
const PAGES = 8
const byte = new Uint8Array(1)

const copied = (served: Served, number: number) =>
  served.region.read(number * page, byte)?.reason ?? byte[0]! === fill(number)

/** Reads a plain byte in a scope: what was contained, or whether the byte is right. */
function scoped(served: Served, number: number): unknown {
  const mark = kernel.regions.faultScope.enter()
  const value = served.bytes()[number * page]
  return kernel.regions.faultScope.leave(mark)?.reason ?? value === fill(number)
}

/** Reads a plain byte outside of any scope. */
function loose(served: Served, number: number): unknown {
  const value = served.bytes()[number * page]
  return served.region.fault?.reason ?? value === fill(number)
}

const answers: Record<string, () => Promise<unknown>> = {
  async fail() {
    const served = await Served.open(PAGES, { failEach: 2 })
    const first = [copied(served, 1), copied(served, 0), copied(served, 0), copied(served, 1)]
    const second = [scoped(served, 2), scoped(served, 2), scoped(served, 3)]
    const third = [loose(served, 4)]
    served.region.restore()
    third.push(loose(served, 4), served.region.faults)
    return { first, second, third, served: await served.stop() }
  },
  async timeout() {
    const served = await Served.open(PAGES, { mute: true, timeout: 150 })
    const begin = performance.now()
    const first = [copied(served, 0), scoped(served, 1), loose(served, 2)]
    const took = performance.now() - begin
    // Each was told, and nobody waits any more: an answer that comes too late shows the page.
    await served.call('show', served.start, PAGES * page, true)
    served.region.restore()
    return { first, took, zeros: served.bytes().every((value) => value === 0), served: await served.stop() }
  },
  async throws() {
    const served = await Served.open(PAGES, { throwAt: 1 })
    const ended = new Promise((resolve) => served.worker.once('exit', resolve))
    const first = [copied(served, 0), copied(served, 1), scoped(served, 2), loose(served, 3)]
    served.region.restore()
    await ended
    return { first, after: [copied(served, 0), copied(served, 4)], error: served.error?.message }
  },
  async terminated() {
    const served = await Served.open(PAGES, { mute: true })
    const waiting = served.region.readAsync(page, new Uint8Array(1))
    while ((await served.seen()).length === 0);
    await served.worker.terminate()
    return { first: (await waiting)?.reason, after: [copied(served, 1), scoped(served, 2)] }
  },
  // Another thread takes over: what was there is still there, and a private copy is still the program's.
  async restart() {
    const served = await Served.open(PAGES, { flags: MAP.PRIVATE, throwAt: 2 })
    const ended = new Promise((resolve) => served.worker.once('exit', resolve))
    const first = [
      copied(served, 0),
      copied(served, 1),
      served.region.write(page + 5, new Uint8Array([77])),
      copied(served, 2),
    ]
    await ended
    const dead = [copied(served, 2), scoped(served, 3)]
    await served.restart()
    served.region.read(page + 5, byte)
    const after = [byte[0], copied(served, 0), copied(served, 1), copied(served, 2), scoped(served, 3)]
    return { first, dead, after, served: await served.stop() }
  },
  async closed() {
    const served = await Served.open(PAGES)
    const first = copied(served, 3)
    await served.stop()
    return { first, after: [copied(served, 3), copied(served, 4), scoped(served, 5)] }
  },
  // A wrong access is no fault of the server's, and is not asked about.
  async wrong() {
    const served = await Served.open(PAGES, { protection: PROT.READ })
    const write = (number: number) => served.region.write(number * page, byte)?.reason
    const first = [write(0), copied(served, 0), write(0)]
    const bytes = served.bytes()
    bytes[0] = 77
    const contained = [served.region.fault?.reason, bytes[0], bytes[1]]
    bytes[page] = 77
    served.region.restore()
    const after = [served.bytes()[0] === fill(0), scoped(served, 1), copied(served, 0)]
    served.region.protect(0, page, PROT.NONE, PROT.READ)
    return {
      first,
      contained,
      after,
      none: copied(served, 0),
      faults: served.region.faults,
      served: await served.stop(),
    }
  },
  async end() {
    const served = await Served.open(PAGES, { end: 2 })
    return {
      first: [copied(served, 1), copied(served, 2), scoped(served, 3), copied(served, 0)],
      served: await served.stop(),
    }
  },
}
console.log(JSON.stringify(await answers[way]!()))
process.exit()
