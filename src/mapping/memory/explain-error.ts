import { VmError } from '../../vocabulary/vm-error.js'
import type { Backing } from './backing.js'
import type { ProcessMemory } from './process-memory.js'

/** Adds to a failing call what would help: the limit that it hit, or the way the file was opened. */
export function explainError(holdings: ProcessMemory, error: unknown, length: number, backing: Backing): unknown {
  if (!(error instanceof VmError)) return error
  const hint =
    error.code === 'EACCES'
      ? whyNotAllowed(error, backing)
      : ['ENOMEM', 'EAGAIN', 'EPERM'].includes(error.code)
        ? holdings.kernel.explainLimit(error.syscall, length)
        : undefined
  if (hint === undefined) return error
  return new VmError(error.errno, error.syscall, {
    ...(error.address === undefined ? {} : { address: error.address }),
    length: error.length ?? length,
    hint,
    cause: error,
  })
}

function whyNotAllowed({ syscall }: VmError, { shared, file, device }: Backing): string | undefined {
  if (shared && file !== undefined) return 'the file is not open for writing: map it with writable: true'
  // What a driver's mmap hook threw has words of its own.
  if (device === undefined || syscall === 'mmap') return undefined
  return 'the device, or its driver, has taken the right to this permission away for good'
}
