// Single faults on pages that are compressed in memory by LZ4, beside the same in C: LZ4_decompress_safe, UFFDIO_COPY.
import { mapMut, openSwap } from 'vmarea'
import { memoryStore } from 'vmarea/stores'
import { loadFloor } from '../support/load-floor.js'

const PAGE = 4096
const FAULTS = 3000
const LENGTH = FAULTS * 8 * PAGE
const ROUNDS = 5
/** As floor.c numbers the places from which pages come back. */
const COMPRESSED = 2

export async function run() {
  const floor = loadFloor(new URL('../support/swap/floor.c', import.meta.url))
  const address = floor.openSwap(LENGTH, -1)
  if (address < 0) throw new Error(`the floor failed: error ${-address}`)
  const memory = mapMut({ length: LENGTH })
  memory.advise('nohugepage')
  fill(new Uint32Array(memory.view(0, LENGTH).buffer, 0, LENGTH / 4))
  floor.fillFrom(Number(memory.start))
  const swap = await openSwap(memory, { store: memoryStore({ compression: 'lz4' }) })
  // No two of them are neighbours.
  const order = Uint32Array.from({ length: FAULTS }, (_, at) => ((at * 7919) % FAULTS) * 8)
  const times = new Float64Array(FAULTS)
  const samples = [[], []]
  let bytes = 0
  for (let round = -1; round < ROUNDS; round++) {
    await swap.enable()
    await swap.out()
    floor.touchInOrder(Number(memory.start), order, times)
    if (round >= 0) samples[0].push(...times)
    await swap.disable()
    floor.stage()
    bytes = floor.pack()
    if (bytes < 0) {
      await swap.exit()
      return []
    }
    floor.start(COMPRESSED)
    floor.touchInOrder(address, order, times)
    if (round >= 0) samples[1].push(...times)
    floor.stop()
    floor.bringBack(COMPRESSED)
  }
  await swap.exit()
  const share = Math.round((bytes / LENGTH) * 100)
  return [
    ['p50', 0.5, '<= 1.5'],
    ['p99', 0.99, '<= 4'],
  ].map(([name, part, target]) => {
    const [measured, base] = samples.map((all) => all.sort((a, b) => a - b)[Math.floor(all.length * part)] / 1000)
    const work = `one fault from memory compressed to ${share} % by LZ4, ${name} (µs)`
    return { work, measured, floor: base, ratio: measured / base, target }
  })
}

/** Content like that of a program: small numbers, pointers into the same page, and zeros. */
function fill(words) {
  let state = 1
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const kind = state >>> 29
    words[at] = kind < 3 ? 0 : kind < 6 ? state >>> 24 : state & 0xfff0
  }
}
