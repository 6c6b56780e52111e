import { VmError } from '../../vocabulary/vm-error.js'
import type { Backing } from './backing.js'
import type { ProcessMemory } from './process-memory.js'

/** Adds to a failing call what would help: the limit that it hit, or what is behind the memory. */
export function explainError(holdings: ProcessMemory, error: unknown, length: number, backing: Backing): unknown {
  // What has a cause was explained where more is known.
  if (!(error instanceof VmError) || error.cause !== undefined) return error
  const hint =
    error.code === 'EACCES'
      ? backing.whyNotAllowed(error.syscall)
      : ['ENOMEM', 'EAGAIN', 'EPERM'].includes(error.code)
        ? holdings.kernel.explainLimit(error.syscall, length)
        : undefined
  if (hint === undefined) return error
  return VmError.withHint(error, hint, length)
}
