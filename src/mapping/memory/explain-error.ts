import { hookErrors } from '../../kernel/errors/hook-errors.js'
import type { Kernel } from '../../kernel/kernel.js'
import { PROT } from '../../vocabulary/prot.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { AnonymousBacking } from './anonymous-backing.js'
import type { Backing } from './backing.js'

/** The memory that a system call was about. */
export interface MemoryAsked {
  readonly backing: Backing
  /** `PROT` that the memory has, or was to have. */
  readonly protection: number
  /** Whether the kernel was asked to promise nothing: `MAP_NORESERVE`. */
  readonly noReserve: boolean
}

/** Adds to the error of a failing system call the limit that it met, or what is known of the file or device behind the memory. */
export function explainError(kernel: Kernel, error: unknown, length: number, memory: MemoryAsked): unknown {
  // An error with a cause was explained already, by code that knows more. A driver's is about no limit of the process.
  if (!(error instanceof VmError) || error.cause !== undefined || hookErrors.has(error)) return error
  const hint = why(kernel, error, length, memory)
  return hint === undefined ? error : VmError.withHint(error, hint, length)
}

function why(
  kernel: Kernel,
  { code, syscall }: VmError,
  length: number,
  { backing, protection, noReserve }: MemoryAsked,
): string | undefined {
  switch (code) {
    case 'EACCES':
      return backing.whyNotAllowed(syscall) ?? kernel.explainDenial(syscall)
    case 'EDEADLK':
      return whichGuards(kernel.addressSpace.guards ?? [])
    case 'ENOMEM':
    case 'EAGAIN':
    case 'EPERM': {
      const isData = !backing.shared && (protection & PROT.WRITE) !== 0
      const isPromised = !noReserve && (isData || (backing.shared && backing instanceof AnonymousBacking))
      return kernel.explainLimit({ code, syscall, length, isData, isPromised })
    }
    default:
      return undefined
  }
}

function whichGuards(guards: readonly string[]): string | undefined {
  if (guards.length === 0) return undefined
  return `this thread holds the address space for reading (${guards.join(', ')}), and the change would wait for it: release it first`
}
