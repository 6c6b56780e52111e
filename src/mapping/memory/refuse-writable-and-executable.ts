import { UsageError } from '../../vocabulary/usage-error.js'

/** W^X: memory is writable or executable, but not both unless it was mapped with `jit: true`. */
export function refuseWritableAndExecutable(jit: boolean): void {
  if (jit) return
  throw new UsageError(
    'ERR_VMAREA_WRITABLE_AND_EXECUTABLE',
    'memory must be mapped with jit: true to be writable and executable at once',
  )
}
