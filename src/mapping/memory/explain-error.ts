import type { Kernel } from '../../kernel/kernel.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Backing } from './backing.js'

/** Adds to the error of a failing call the limit that it met, or what is known of the file or device behind the memory. */
export function explainError(kernel: Kernel, error: unknown, length: number, backing: Backing): unknown {
  // An error with a cause was explained already, by code that knows more.
  if (!(error instanceof VmError) || error.cause !== undefined) return error
  const hint = why(kernel, error, length, backing)
  return hint === undefined ? error : VmError.withHint(error, hint, length)
}

function why(kernel: Kernel, { code, syscall }: VmError, length: number, backing: Backing): string | undefined {
  switch (code) {
    case 'EACCES':
      return backing.whyNotAllowed(syscall) ?? kernel.explainDenial(syscall)
    case 'EDEADLK':
      return whichGuards(kernel.addressSpace.guards ?? [])
    case 'ENOMEM':
    case 'EAGAIN':
    case 'EPERM':
      return kernel.explainLimit(syscall, length)
    default:
      return undefined
  }
}

function whichGuards(guards: readonly string[]): string | undefined {
  if (guards.length === 0) return undefined
  return `this thread holds the address space for reading (${guards.join(', ')}), and the change would wait for it: release it first`
}
