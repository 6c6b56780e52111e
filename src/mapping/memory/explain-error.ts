import type { Kernel } from '../../kernel/kernel.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Backing } from './backing.js'

/** Adds to the error of a failing call the limit that it met, or what is known of the file or device behind the memory. */
export function explainError(kernel: Kernel, error: unknown, length: number, backing: Backing): unknown {
  // An error with a cause was explained already, by code that knows more.
  if (!(error instanceof VmError) || error.cause !== undefined) return error
  const hint =
    error.code === 'EACCES'
      ? backing.whyNotAllowed(error.syscall)
      : ['ENOMEM', 'EAGAIN', 'EPERM'].includes(error.code)
        ? kernel.explainLimit(error.syscall, length)
        : undefined
  if (hint === undefined) return error
  return VmError.withHint(error, hint, length)
}
