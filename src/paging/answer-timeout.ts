import { VmError } from '../vocabulary/vm-error.js'

/**
 * The error of a wait that lasted longer than `timeout` milliseconds. `more` is what is known of the driver beside, `cause` the error with
 * which it stopped.
 */
export function answerTimeout(call: string, timeout: number, more = '', cause?: Error): VmError {
  const hint = `the driver did not answer within ${timeout} ms${more}`
  return new VmError('ETIMEDOUT', call, cause === undefined ? { hint } : { hint, cause })
}
