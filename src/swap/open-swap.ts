import type { ProcessMemory } from '../mapping/memory/process-memory.js'
import { rawSwapOptions } from './raw-swap-options.js'
import { Swap } from './swap.js'
import type { SwapObserver } from './swap-observer.js'
import type { SwapOptions } from './swap-options.js'
import { type SwappableMemory, swapParts } from './swap-parts.js'

/** Opens a swap: checks the memory and the options, and asks the kernel. */
export async function openSwap<StoreOptions>(
  holdings: ProcessMemory,
  memory: SwappableMemory | readonly SwappableMemory[],
  options: SwapOptions<StoreOptions>,
  observer?: SwapObserver,
): Promise<Swap> {
  const { kernel } = holdings
  const raw = rawSwapOptions(options, kernel.pageSize)
  raw.signal?.throwIfAborted()
  const parts = swapParts(memory, kernel.pageSize)
  const files = parts.flatMap(({ file }) => file ?? [])
  let isOpen = true
  for (const file of files) holdings.swappedFiles.set(file, () => isOpen)
  try {
    const opened = await kernel.swaps.open(parts, raw)
    for (const file of files) holdings.swappedFiles.set(file, () => opened.service !== 'ended')
    return new Swap(opened, kernel.pageSize, observer)
  } catch (error) {
    isOpen = false
    throw error
  }
}
