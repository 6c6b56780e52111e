import { VmError } from '../vocabulary/vm-error.js'

/** The error of closing a device whose driver has not taken all that programs wrote. */
export function unwrittenError(bytes: number, cause: unknown): VmError {
  const hint = `${bytes} bytes that the program wrote are lost: the driver did not take them before the device was closed`
  return new VmError('EIO', 'msync', { hint, ...(cause === undefined ? {} : { cause }) })
}
