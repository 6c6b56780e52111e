import { addon } from './addon.js'

/**
 * The memory that the addon shares with JavaScript on this thread. The counters are read with `Atomics`, because the signal handler
 * changes them during code that has no effect in the compiler's view.
 */
export interface SharedResults {
  readonly counters: Int32Array
  readonly results: Float64Array
}

/** Places in `SharedResults.counters`. */
export const COUNTER = { CONTAINED: 0, UNSETTLED: 1 } as const

let opened: SharedResults | undefined

/** The memory that this thread shares with the addon. */
export function sharedResults(): SharedResults {
  if (opened === undefined) {
    const memory = addon().sharedResults
    opened = { counters: new Int32Array(memory, 0, 4), results: new Float64Array(memory, 16, 4) }
  }
  return opened
}
