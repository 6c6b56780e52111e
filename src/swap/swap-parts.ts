import type { SwapPart } from '../kernel/swap/swaps.js'
import { memoryOf } from '../mapping/handle/memory-of.js'
import type { MmapMut } from '../mapping/handle/mmap-mut.js'
import type { ReservedMut } from '../mapping/handle/reserved-mut.js'
import type { HeldMemory } from '../mapping/memory/held-memory.js'
import { hex } from '../vocabulary/hex.js'
import { PROT } from '../vocabulary/prot.js'
import { UsageError } from '../vocabulary/usage-error.js'

/** Memory that can be swapped: private without a file, or a shared memory file, and writable. Of a reservation, what is committed. */
export type SwappableMemory = MmapMut | ReservedMut

/** The parts of the memory that are swapped. Throws where the memory can't be swapped. */
export function swapParts(memory: SwappableMemory | readonly SwappableMemory[], pageSize: number): SwapPart[] {
  const all = Array.isArray(memory) ? memory : [memory as SwappableMemory]
  if (all.length === 0) throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', 'no memory was given to swap')
  const seen = new Set<HeldMemory>()
  const parts: SwapPart[] = []
  for (const mapping of all) {
    const held = heldBy(mapping)
    if (seen.has(held)) {
      throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `the memory at ${hex(held.start)} was given twice`)
    }
    seen.add(held)
    checkSwappable(held, pageSize)
    const { region, committed, backing } = held
    const file = backing.shared ? { file: backing.file! } : {}
    for (const [from, to] of committed?.within(0, region.length) ?? [[0, region.length] as const])
      parts.push({ region, offset: from, length: to - from, ...file })
  }
  if (parts.length > 0) return parts
  throw new UsageError(
    'ERR_VMAREA_NOT_COMMITTED',
    'nothing of the reservation is committed: commit what is to be swapped first',
  )
}

function heldBy(mapping: SwappableMemory): HeldMemory {
  if (typeof mapping?.[memoryOf] === 'function') return mapping[memoryOf]()
  throw new UsageError(
    'ERR_VMAREA_INVALID_ARGUMENT',
    `what is swapped is memory that mapMut() or reserveMut() returned, and this is ${String(mapping)}`,
  )
}

function checkSwappable(held: HeldMemory, pageSize: number): void {
  const { region, backing } = held
  held.checkSettled()
  if (region.keeper !== undefined) {
    const [what, how] =
      region.keeper.kind === 'swap'
        ? ['swapped already', 'exit() that swap first']
        : ['a map of a device', 'the device itself keeps to a residentLimit']
    throw new UsageError('ERR_VMAREA_SWAPPED', `the memory at ${hex(held.start)} is ${what}: ${how}`)
  }
  if (region.pageSize !== pageSize)
    throw unfit(held, `it is made of huge pages of ${region.pageSize} bytes, which can't be moved page by page`)
  if ((held.protection & PROT.WRITE) === 0) throw unfit(held, 'it is not writable: makeMut() first')
  if (backing.shared === (backing.file === undefined))
    throw unfit(held, 'only private memory without a file and shared memory files can be swapped')
}

function unfit(held: HeldMemory, why: string): UsageError {
  return new UsageError('ERR_VMAREA_UNSUPPORTED', `the memory (${held.describe()}) can't be swapped: ${why}`)
}
