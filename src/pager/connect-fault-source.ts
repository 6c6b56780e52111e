import type { LinuxKernel } from '../linux/linux-kernel.js'
import { VmError } from '../vocabulary/vm-error.js'
import type { FaultSource } from './fault-source.js'
import type { FaultSourceAddress } from './fault-source-address.js'
import { UserfaultfdSource } from './userfaultfd-source.js'

/** Takes over, on the pager's thread, the fault source that the program has opened. */
export function connectFaultSource(kernel: LinuxKernel, { name, descriptor }: FaultSourceAddress): FaultSource {
  if (name === 'guard') throw new VmError('ENOSYS', 'open', { hint: 'the guard serves no device yet' })
  const raw = kernel.userfaultfds.adoptUserfaultfd(descriptor)
  return new UserfaultfdSource(raw, name, kernel.pageSize)
}
