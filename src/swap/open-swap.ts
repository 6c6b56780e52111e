import type { ProcessMemory } from '../mapping/memory/process-memory.js'
import { rawSwapOptions } from './raw-swap-options.js'
import { Swap } from './swap.js'
import type { SwapObserver } from './swap-observer.js'
import type { SwapOptions } from './swap-options.js'
import { type SwappableMemory, swapParts } from './swap-parts.js'

/** Opens a swap: checks the memory and the options, and asks the kernel. */
export async function openSwap<StoreOptions>(
  { kernel }: ProcessMemory,
  memory: SwappableMemory | readonly SwappableMemory[],
  options: SwapOptions<StoreOptions>,
  observer?: SwapObserver,
): Promise<Swap> {
  const raw = rawSwapOptions(options, kernel.pageSize)
  raw.signal?.throwIfAborted()
  const parts = swapParts(memory, kernel.pageSize)
  return new Swap(await kernel.swaps.open(parts, raw), kernel.pageSize, observer)
}
