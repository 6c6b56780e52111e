import type { MmapReadGuard } from '../../mm/mmap-read-guard.js'
import { hex } from '../../vocabulary/hex.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'

/** Neighbouring pages in one state, as `maps --json --pages` prints them. */
export interface PageStates {
  readonly start: string
  readonly end: string
  /** The names of `PAGE_STATE` in small letters. A page that is not there has none. */
  readonly state: readonly string[]
}

/** The states of the pages in `[from, to)`. */
export function pageStates(guard: MmapReadGuard, from: bigint, to: bigint): PageStates[] {
  return [...guard.pages({ from, to })].map(({ start, end, state }) => ({
    start: hex(start),
    end: hex(end),
    state: pageStateNames(state),
  }))
}

/** The names of the bits of a page's state, in small letters. */
export function pageStateNames(state: number): string[] {
  return Object.entries(PAGE_STATE).flatMap(([name, bit]) => ((state & bit) !== 0 ? [name.toLowerCase()] : []))
}
