import { VmError } from '../vocabulary/vm-error.js'

/** The error of a wait that lasted longer than `timeout` milliseconds. `more` is what is known of the driver beside. */
export function answerTimeout(call: string, timeout: number, more = ''): VmError {
  return new VmError('ETIMEDOUT', call, { hint: `the driver did not answer within ${timeout} ms${more}` })
}
