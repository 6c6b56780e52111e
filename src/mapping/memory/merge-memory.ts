import type { VmaRecord } from '../../kernel/vma-record.js'
import { ensureStack } from '../../vocabulary/errors/ensure-stack.js'
import { hex } from '../../vocabulary/hex.js'
import { PROT } from '../../vocabulary/prot.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { HeldMemory } from './held-memory.js'

/** Joins `next` to `holding`, which must end where `next` begins. On an error both stay as they are. */
export function mergeMemory(holding: HeldMemory, next: HeldMemory): void {
  if (holding === next || holding.end !== next.start) {
    throw new UsageError(
      'ERR_VMAREA_NOT_ADJACENT',
      `the mapping ends at ${hex(holding.end)} and the other one begins at ${hex(next.start)}: merge the lower one with the one that begins at its end`,
    )
  }
  refuseDifferentAttributes(holding, next)
  holding.checkSettled()
  next.checkSettled()
  refuseAnotherBacking(holding, next)
  refuseAnotherKeeper(holding, next)
  ensureStack()
  const boundary = holding.region.length
  const total = holding.size + next.size
  holding.detachViews()
  next.detachViews()
  holding.region.absorb(next.region)
  for (const [start, end] of next.committed?.within(0, Number.POSITIVE_INFINITY) ?? []) {
    holding.committed?.add(boundary + start, boundary + end)
  }
  holding.size = total
  next.gone = true
  holding.tellChange('merge')
}

function refuseDifferentAttributes(holding: HeldMemory, next: HeldMemory): void {
  const attributes = (of: HeldMemory) => ({
    permission: of.protection,
    sharing: of.backing.shared ? 'shared' : 'private',
    'page size': of.region.pageSize,
    jit: of.jit,
    kind: of.committed === undefined ? 'committed' : 'reserved',
  })
  const mine = attributes(holding)
  const others = attributes(next)
  for (const name of Object.keys(mine) as (keyof typeof mine)[]) {
    if (mine[name] === others[name]) continue
    throw new UsageError(
      'ERR_VMAREA_ATTRIBUTE_MISMATCH',
      `the mappings differ in their ${name}: ${mine[name]} and ${others[name]}`,
    )
  }
}

function refuseAnotherKeeper({ region }: HeldMemory, { region: next }: HeldMemory): void {
  const [mine, others] = [region.keeper?.kind, next.keeper?.kind]
  if (mine === others) return
  throw new UsageError(
    'ERR_VMAREA_BACKING_MISMATCH',
    `different sources serve the pages of the two: ${mine ?? 'the kernel'} and ${others ?? 'the kernel'}`,
  )
}

function refuseAnotherBacking(holding: HeldMemory, next: HeldMemory): void {
  const continues = holding.backing.continuesIn(next.backing, holding.size)
  if (continues === undefined) refuseDifferentAreas(holding, next)
  if (continues !== false) return
  throw new UsageError(
    'ERR_VMAREA_BACKING_MISMATCH',
    `the file or device does not continue at ${hex(next.start)}: ${holding.backing.describe()} is followed by ${next.backing.describe()}`,
  )
}

/**
 * Compares the kernel's areas: their permission and sharing must be those of the handles, and the same object must continue at the next
 * offset across each boundary. Two mappings of one file at unrelated offsets touch in memory and do not merge.
 */
function refuseDifferentAreas(holding: HeldMemory, next: HeldMemory): void {
  const { addressSpace } = holding.holdings.kernel
  let previous: VmaRecord | undefined
  for (const area of addressSpace.areas(holding.region.start, next.region.start + BigInt(next.region.length))) {
    const protection = protectionOf(area)
    const uncommitted = holding.committed !== undefined && protection === PROT.NONE
    if ((protection !== holding.protection && !uncommitted) || area.shared !== holding.backing.shared) {
      // A decommitted part of shared anonymous memory is mapped again as private.
      throw new UsageError(
        'ERR_VMAREA_ATTRIBUTE_MISMATCH',
        `the area at ${hex(area.start)} has another permission or sharing than its handle: other code has changed it`,
      )
    }
    if (previous !== undefined && !continuesIn(previous, area)) {
      throw new UsageError(
        'ERR_VMAREA_BACKING_MISMATCH',
        `the file does not continue at ${hex(area.start)}: the area there has another file or another offset`,
      )
    }
    previous = area
  }
}

function protectionOf(area: VmaRecord): number {
  return (area.readable ? PROT.READ : 0) | (area.writable ? PROT.WRITE : 0) | (area.executable ? PROT.EXEC : 0)
}

function continuesIn(before: VmaRecord, after: VmaRecord): boolean {
  if (before.end !== after.start) return false
  const sameObject =
    before.inode === after.inode && before.deviceMajor === after.deviceMajor && before.deviceMinor === after.deviceMinor
  if (!sameObject) return false
  return before.inode === 0n || after.offset - before.offset === after.start - before.start
}
