import type { RawSwapOptions, SwapPart, Swaps } from '../../kernel/swap/swaps.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { Mm } from '../structs/mm.js'
import { ModelSwap } from './model-swap.js'
import type { ModelSystemCalls } from './model-system-calls.js'

/** Opens swaps of the modelled kernel: their engine and their stores run where the program does. */
export class ModelSwaps implements Swaps {
  readonly #mm: Mm
  readonly #calls: ModelSystemCalls
  readonly #open = new Set<ModelSwap>()

  constructor(mm: Mm, calls: ModelSystemCalls) {
    this.#mm = mm
    this.#calls = calls
  }

  async open(parts: readonly SwapPart[], options: RawSwapOptions): Promise<ModelSwap> {
    const { source, control } = options
    if (source !== undefined && source !== 'model') {
      throw new UsageError(
        'ERR_VMAREA_UNSUPPORTED',
        `the modelled kernel swaps memory itself: its source is 'model', and '${source}' is not available`,
      )
    }
    if (control !== undefined) {
      throw new UsageError('ERR_VMAREA_UNSUPPORTED', 'a modelled process has no control socket: leave out control')
    }
    const swap = await ModelSwap.open(this.#mm, this.#calls, parts, options)
    this.#open.add(swap)
    swap.onEnd(() => this.#open.delete(swap))
    return swap
  }

  /** The process ends: the stores are closed, and their pages are gone with its memory. */
  closeAll(): void {
    for (const swap of this.#open) swap.abandon()
  }
}
