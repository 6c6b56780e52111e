import type { LinuxKernel } from '../linux/linux-kernel.js'
import type { FaultSource } from './fault-source.js'
import type { FaultSourceAddress } from './fault-source-address.js'
import { GuardSource } from './guard-source.js'
import { UserfaultfdSource } from './userfaultfd-source.js'

/** Takes over, on the pager's thread, the fault source that the program has opened. `deadline` is in milliseconds. */
export function connectFaultSource(
  kernel: LinuxKernel,
  { name, descriptor }: FaultSourceAddress,
  deadline: number,
): FaultSource {
  if (name === 'guard') return new GuardSource({ timeout: deadline })
  return new UserfaultfdSource(kernel.userfaultfds.adoptUserfaultfd(descriptor), name, kernel.pageSize)
}
