import { VmError } from '../vocabulary/vm-error.js'

/** Milliseconds that a module may take to load, where the time limit is less: on a busy machine any module may need them. */
const LOADING = 30_000

/**
 * How long a stage of opening a device may take, in milliseconds, and the error where it takes longer: loading the driver's module, or
 * setting it up, which is its function and its `open` hook together.
 */
export function openingLimit(
  stage: 'load' | 'set up',
  timeout: number,
): { readonly limit: number; readonly error: VmError } {
  const limit = stage === 'load' ? Math.max(timeout, LOADING) : timeout
  const what =
    stage === 'load' ? "the driver's module did not load" : "the driver's function and its open hook did not end"
  return { limit, error: new VmError('ETIMEDOUT', 'open', { hint: `${what} within ${Math.round(limit)} ms` }) }
}
