import { UsageError } from '../../vocabulary/usage-error.js'

/** W^X: memory is writable or executable, unless it was asked for to be both. */
export function refuseWritableAndExecutable(jit: boolean): void {
  if (jit) return
  throw new UsageError(
    'ERR_VMAREA_WRITABLE_AND_EXECUTABLE',
    'memory that is writable and executable at once must be asked for with jit: true when it is mapped',
  )
}
