import type { Swap } from './swap.js'

/** A change of a swap that no call made: evictions fail or work again, or its thread ends. */
export type SwapChange = 'failure' | 'recovery' | 'death'

/** Is called for each change of the swaps of a process. */
export interface SwapObserver {
  swap(change: SwapChange, swap: Swap, cause: Error | undefined): void
}
