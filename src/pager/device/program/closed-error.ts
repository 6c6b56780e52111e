import { VmError } from '../../../vocabulary/vm-error.js'

/** The error of a call on a closed device. */
export function closedError(syscall: string): VmError {
  return new VmError('ENODEV', syscall, { hint: 'the device was closed' })
}
