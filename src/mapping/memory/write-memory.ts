import { asBytes } from './as-bytes.js'
import type { HeldMemory } from './held-memory.js'

export function writeMemory(holding: HeldMemory, offset: number, source: ArrayBufferView): void {
  const bytes = asBytes(source, 'source')
  holding.checkCommitted(offset, bytes.length)
  const fault = holding.region.write(holding.lead + offset, bytes)
  if (fault !== undefined) throw holding.faultError(fault)
}

export async function writeHoldingAsync(holding: HeldMemory, offset: number, source: ArrayBufferView): Promise<void> {
  const bytes = asBytes(source, 'source')
  holding.checkCommitted(offset, bytes.length)
  holding.checkSettled()
  const fault = await holding.region.writeAsync(holding.lead + offset, bytes)
  if (fault !== undefined) throw holding.faultError(fault)
}
