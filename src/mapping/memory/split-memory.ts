import { ensureStack } from '../../vocabulary/errors/ensure-stack.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { HeldMemory } from './held-memory.js'

/** Cuts a holding at `at` and returns the part that it does not keep. */
export function splitMemory(holding: HeldMemory, at: number, keep: 'keep-head' | 'keep-tail'): HeldMemory {
  const { lead, size, region, backing, committed } = holding
  if (!Number.isSafeInteger(at) || at <= 0 || at >= size) {
    throw new UsageError(
      'ERR_VMAREA_OUT_OF_RANGE',
      `at must lie inside the ${size} bytes of the mapping, and is ${showValue(at)}`,
    )
  }
  if ((lead + at) % region.pageSize !== 0) {
    throw new UsageError(
      'ERR_VMAREA_NOT_PAGE_ALIGNED',
      `at must lie on a page of ${region.pageSize} bytes, and ${at} does not: the nearest boundary before it is ${nearestBefore(holding, at)}`,
    )
  }
  holding.checkSettled()
  ensureStack()
  const tailRegion = region.split(lead + at)
  holding.detachViews()
  const head = { region, lead, size: at, backing, committed }
  const tail = {
    region: tailRegion,
    lead: 0,
    size: size - at,
    backing: backing.from(at),
    committed: committed?.splitAt(lead + at),
  }
  const [kept, given] = keep === 'keep-head' ? [head, tail] : [tail, head]
  Object.assign(holding, kept)
  holding.region.owner = holding
  holding.tellChange('split')
  return new HeldMemory(holding.holdings, { ...given, protection: holding.protection, jit: holding.jit })
}

function nearestBefore({ lead, region }: HeldMemory, at: number): number {
  return Math.max(0, Math.floor((lead + at) / region.pageSize) * region.pageSize - lead)
}
