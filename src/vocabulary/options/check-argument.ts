import { UsageError } from '../usage-error.js'
import type { ValueRule } from './check-options.js'
import { showValue } from './show-value.js'

/** Throws `ERR_VMAREA_INVALID_ARGUMENT` for an argument that breaks its rule. `call` is what the caller wrote: `device.ready()`. */
export function checkArgument(call: string, name: string, value: unknown, { must, holds }: ValueRule): void {
  if (holds(value)) return
  throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${name} of ${call} must be ${must}, and is ${showValue(value)}`)
}
