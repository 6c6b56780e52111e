import type { SwapState } from './swap-state.js'

/** What crosvm's `swap status` prints, in camelCase. Pages, save where it says milliseconds. */
export interface SwapStatus {
  /** What the swap does now. */
  readonly state: SwapState
  /** Pages by where they are, and by where faults found them. */
  readonly metrics: {
    /** In memory. */
    readonly residentPages: number
    /** Came back from the store. */
    readonly copiedFromFilePages: number
    /** Came back from staging. */
    readonly copiedFromStagingPages: number
    /** Were given as zeros. */
    readonly zeroedPages: number
    /** Faulted, and another thread's fault had brought them back. */
    readonly redundantPages: number
    /** In staging: moved aside, those being written included. */
    readonly stagingPages: number
    /** In the store alone. */
    readonly swapPages: number
  }
  /** The last command that came to its end. */
  readonly stateTransition: { readonly pages: number; readonly timeMs: number }
}
