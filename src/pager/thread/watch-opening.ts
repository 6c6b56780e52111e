import { openingLimit } from '../../paging/opening-limit.js'
import type { VmError } from '../../vocabulary/vm-error.js'
import type { PagerState } from './pager-state.js'
import type { ThreadProgram } from './thread-program.js'

/** The number of checks in the time for setting a driver up. */
const LOOKS = 8
/** Milliseconds. */
const SHORTEST_LOOK = 10
const LONGEST_LOOK = 2 ** 31 - 1

/**
 * Calls `late` where a driver that is being opened takes longer than the time limit: `deadline` milliseconds for its function and its
 * `open` hook together. Returns what ends the watch.
 */
export function watchOpening(
  program: ThreadProgram,
  state: PagerState,
  deadline: number,
  late: (error: VmError) => void,
): () => void {
  if (deadline === Infinity) return () => {}
  const pause = Math.min(Math.max(deadline / LOOKS, SHORTEST_LOOK), LONGEST_LOOK)
  let looks = 0
  let setsUp = false
  // Counts checks instead of time, so that a process that was stopped does not blame the thread.
  const timer = setInterval(() => {
    if (!setsUp && state.busySince > 0) {
      setsUp = true
      looks = 0
    }
    const { limit, error } = openingLimit(setsUp ? 'set up' : 'load', deadline, program)
    if (++looks * pause >= limit) late(error)
  }, pause)
  return () => clearInterval(timer)
}
