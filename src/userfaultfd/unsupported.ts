import type { Kernel } from '../kernel/kernel.js'
import { UsageError } from '../vocabulary/usage-error.js'

/** The error of a call that this kernel does not support. */
export function unsupported(kernel: Kernel, why: string): UsageError {
  return new UsageError('ERR_VMAREA_UNSUPPORTED', `the ${kernel.kind} kernel can't do that: ${why}`)
}
