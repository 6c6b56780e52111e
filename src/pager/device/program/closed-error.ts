import { VmError } from '../../../vocabulary/vm-error.js'

/** What a call on a device that was closed fails with. */
export function closedError(syscall: string): VmError {
  return new VmError('ENODEV', syscall, { hint: 'the device was closed' })
}
