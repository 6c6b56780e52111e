// What becomes of a page that was set aside, when its neighbours are shown or hidden meanwhile.
import { MAP } from '#vmarea/vocabulary/map.js'
import { PROT } from '#vmarea/vocabulary/prot.js'
import { kernel, page } from '../../userfaultfd/own-kernel.js'
import { fill } from './fill.js'
import { Served } from './served.js'

const PAGES = 8
const RW = PROT.READ | PROT.WRITE
const { faultScope } = kernel.regions

const right = (served: Served, number: number) => {
  const byte = new Uint8Array(1)
  return served.region.read(number * page + 7, byte)?.reason ?? byte[0] === fill(number)
}

/** Waits until the server has done so much, without the event loop. */
function waitForTurns(turns: Int32Array, count: number): void {
  for (let seen = 0; seen < count; seen = Atomics.load(turns, 0)) Atomics.wait(turns, 0, seen)
}

type Meanwhile = (served: Served, ask: (method: string, ...args: unknown[]) => void) => Promise<unknown>

const meanwhile: Record<string, Meanwhile> = {
  // The first page of a chunk opens it.
  async shown(served, ask) {
    const reading = served.region.readAsync(page, new Uint8Array(1))
    ask('')
    await reading
  },
  async hidden(served, ask) {
    ask('hide', served.start, PAGES * page)
  },
  async shownAndHidden(served, ask) {
    const reading = served.region.readAsync(page, new Uint8Array(1))
    ask('')
    ask('hide', served.start, PAGES * page)
    await reading
  },
  async protected(served, ask) {
    ask('setProtection', served.start, PAGES * page, PROT.READ)
    ask('setProtection', served.start, PAGES * page, RW)
  },
}

const answers: Record<string, unknown> = {}
for (const [kind, flags] of [
  ['shared', MAP.SHARED],
  ['private', MAP.PRIVATE],
] as const) {
  for (const [name, act] of Object.entries(meanwhile)) {
    for (const before of [[], [1, 2]]) {
      const turns = new Int32Array(new SharedArrayBuffer(4))
      const served = await Served.open(PAGES, { flags, failEach: PAGES, turns })
      const bytes = served.bytes()
      for (const number of before) right(served, number)
      const asked: string[] = []
      let expected = before.length + 1
      const ask = (method: string, ...args: unknown[]) => {
        if (method !== '') {
          served.worker.postMessage({ method, args })
          asked.push(method)
        } else if (before.length > 0) return // It is shown, and nobody need be asked.
        waitForTurns(turns, ++expected)
      }
      const mark = faultScope.enter()
      void bytes[0]
      const done = act(served, ask)
      const reason = faultScope.leave(mark)?.reason
      await done
      for (const _ of asked) await served.next()
      const after = Array.from({ length: 4 }, (_, number) => right(served, number))
      const written = served.region.write(1, new Uint8Array([5]))?.reason ?? bytes[1] === 5
      answers[`${kind}, ${name}, ${before.length} shown before`] = [reason, ...after, written]
      await served.stop()
    }
  }
}
console.log(JSON.stringify(answers))
process.exit()
