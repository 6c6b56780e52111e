import { VmError } from '../../vocabulary/vm-error.js'

/** What is wrong with a packed file: `EINVAL` when it is none, or none that is known; `EIO` when it is damaged. */
export function packedFileError(
  code: 'EINVAL' | 'EIO',
  syscall: 'open' | 'read',
  path: string,
  hint: string,
  cause?: unknown,
): VmError {
  return new VmError(code, syscall, cause === undefined ? { path, hint } : { path, hint, cause })
}
