import type { FaultSource } from './fault-source.js'
import type { FaultSourceAddress } from './fault-source-address.js'

/** Takes over, on the pager's thread, the fault source that the program has opened. `deadline` is in milliseconds. */
export async function connectFaultSource(
  { name, descriptor }: FaultSourceAddress,
  deadline: number,
  pageSize: number,
): Promise<FaultSource> {
  // What only the one or the other needs is not loaded for each device.
  if (name === 'guard') {
    const { GuardSource } = await import('./guard-source.js')
    return new GuardSource({ timeout: deadline })
  }
  const { adoptUserfaultfd } = await import('../../linux/userfaultfd/adopt-userfaultfd.js')
  const { UserfaultfdSource } = await import('./userfaultfd-source.js')
  return new UserfaultfdSource(adoptUserfaultfd(descriptor), name, pageSize)
}
