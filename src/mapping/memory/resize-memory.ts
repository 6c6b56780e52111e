import { ensureStack } from '../../vocabulary/errors/ensure-stack.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { HeldMemory } from './held-memory.js'

/** Changes the length of a holding: mremap(2) of all of it, which may move it. */
export function resizeMemory(holding: HeldMemory, length: number): void {
  if (!Number.isSafeInteger(length) || length <= 0) {
    throw new UsageError(
      'ERR_VMAREA_OUT_OF_RANGE',
      `a mapping's length must be a whole number of bytes above 0 and below 2^53, and is ${showValue(length)}`,
    )
  }
  holding.checkSettled()
  ensureStack()
  const { region } = holding
  const whole = Math.ceil((holding.lead + length) / region.pageSize) * region.pageSize
  if (whole !== region.length) {
    try {
      region.resize(whole)
    } catch (error) {
      throw explainParts(holding.explain(error, length))
    }
  }
  holding.detachViews()
  holding.size = length
  holding.tellChange('resize')
}

function explainParts(error: unknown): unknown {
  if (!(error instanceof VmError) || error.code !== 'EFAULT') return error
  return VmError.withHint(
    error,
    'parts of the mapping were locked or advised differently, and the kernel grows only a single area: undo that first',
  )
}
