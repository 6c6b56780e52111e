import type { PageRun } from '../../kernel/address-space.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'

/** What the characters of a strip mean. */
export const PAGE_STRIP_LEGEND = '█ present, ▓▒░ in part, s swapped, g guard, · not there'

const MOST_CELLS = 32

/**
 * The pages of `[start, end)` as a line of at most 32 characters, each for as many pages as the next: how many of them are present; where
 * none is, whether they are swapped out or guard pages.
 */
export function pageStrip(runs: Iterable<PageRun>, start: bigint, end: bigint, pageSize: number): string {
  const size = BigInt(pageSize)
  const first = start / size
  const pages = Number(end / size - first)
  const cells = Math.min(MOST_CELLS, pages)
  const present = new Float64Array(cells)
  const swapped = new Float64Array(cells)
  const guards = new Float64Array(cells)
  for (const { start: from, end: to, state } of runs) {
    const counts =
      (state & PAGE_STATE.PRESENT) !== 0
        ? present
        : (state & PAGE_STATE.GUARD) !== 0
          ? guards
          : (state & PAGE_STATE.SWAPPED) !== 0
            ? swapped
            : undefined
    if (counts === undefined) continue
    spread(counts, Math.max(Number(from / size - first), 0), Math.min(Number(to / size - first), pages), pages / cells)
  }
  let strip = ''
  for (let cell = 0; cell < cells; cell++) {
    if (present[cell]! > 0) strip += shade(present[cell]! / (pages / cells))
    else strip += swapped[cell]! > 0 ? 's' : guards[cell]! > 0 ? 'g' : '·'
  }
  return strip
}

/** Adds the pages `[from, to)` to the cells that they lie in, of `width` pages each. */
function spread(counts: Float64Array, from: number, to: number, width: number): void {
  for (let cell = Math.floor(from / width); cell < counts.length && cell * width < to; cell++)
    counts[cell]! += Math.max(Math.min(to, (cell + 1) * width) - Math.max(from, cell * width), 0)
}

function shade(share: number): string {
  if (share > 0.999999) return '█'
  return share >= 2 / 3 ? '▓' : share >= 1 / 3 ? '▒' : '░'
}
