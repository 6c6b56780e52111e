import type { Swap } from './swap.js'

/** What happens to a swap without having been asked for. */
export type SwapChange = 'failure' | 'recovery' | 'death'

/** Hears of what happens to the swaps of a process. */
export interface SwapObserver {
  swap(change: SwapChange, swap: Swap, cause: Error | undefined): void
}
