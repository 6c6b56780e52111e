import type { SwapState } from './swap-state.js'

/** What crosvm's `swap status` prints, in camelCase. Pages, save where it says milliseconds. */
export interface SwapStatus {
  readonly state: SwapState
  readonly metrics: {
    readonly residentPages: number
    readonly copiedFromFilePages: number
    readonly copiedFromStagingPages: number
    readonly zeroedPages: number
    readonly redundantPages: number
    readonly stagingPages: number
    readonly swapPages: number
  }
  /** The last command that came to its end. */
  readonly stateTransition: { readonly pages: number; readonly timeMs: number }
}
