import { showValue } from '../../vocabulary/options/show-value.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { hookErrors } from './hook-errors.js'

/** The error of a program whose driver's hook threw: a `VmError` as it is, anything else as `EIO` with its cause. */
export function hookError(error: unknown, hook: string): VmError {
  const refusal = error instanceof VmError ? error : wrapped(error, hook)
  hookErrors.add(refusal)
  return refusal
}

function wrapped(error: unknown, hook: string): VmError {
  const what = error instanceof Error ? error.message : showValue(error)
  return new VmError('EIO', hook, { cause: error, hint: `the ${hook} hook of the driver threw: ${what}` })
}
