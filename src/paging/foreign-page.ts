import { VmError } from '../vocabulary/vm-error.js'

/** The error of a call that was given a page which the driver of this device does not own. */
export function foreignPage(call: string): VmError {
  return new VmError('EINVAL', call, { hint: 'this is not a page that the driver of this device owns' })
}
