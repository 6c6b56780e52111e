import type { SwapCommand } from '../../kernel/swap/swap-state.js'

/** What the program asks of a swap's thread. Addresses are numbers below 2^53. */
export type SwapRequest =
  | { readonly type: 'command'; readonly id: number; readonly command: SwapCommand }
  /** Bytes; `Infinity` for none. */
  | { readonly type: 'setResidentLimit'; readonly id: number; readonly bytes: number }
  /** Takes the poison of the pages at these addresses away. Those that could not be read before are poisoned too. */
  | { readonly type: 'restore'; readonly id: number; readonly addresses: readonly number[] }
  /** Gives the kernel an advice of `MADV` that drops the content of a range. */
  | {
      readonly type: 'discard'
      readonly id: number
      readonly start: number
      readonly length: number
      readonly advice: number
    }
  /** Brings all back and stops taking faults. */
  | { readonly type: 'exit'; readonly id: number }
