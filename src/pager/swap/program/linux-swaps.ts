import type { RawSwapOptions, SwapPart, Swaps } from '../../../kernel/swap/swaps.js'
import type { LinuxKernel } from '../../../linux/linux-kernel.js'
import { UsageError } from '../../../vocabulary/usage-error.js'
import { LinuxSwap } from './linux-swap.js'

/** Opens swaps on the running kernel: each has a thread of its own. */
export class LinuxSwaps implements Swaps {
  readonly #kernel: LinuxKernel

  constructor(kernel: LinuxKernel) {
    this.#kernel = kernel
  }

  async open(parts: readonly SwapPart[], options: RawSwapOptions): Promise<LinuxSwap> {
    if (typeof options.store.module === 'string') return LinuxSwap.open(this.#kernel, parts, options)
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      'on the running kernel a page store belongs on another thread than those that wait for its pages: give the URL of its module',
    )
  }
}
