import type { FaultSource } from './fault-source.js'
import type { FaultSourceAddress } from './fault-source-address.js'

/** Connects the pager's thread to the fault source that the program has opened. `deadline` is in milliseconds. */
export async function connectFaultSource(
  { name, descriptor }: FaultSourceAddress,
  deadline: number,
  pageSize: number,
): Promise<FaultSource> {
  // Load only the module of the source that is used.
  if (name === 'guard') {
    const { GuardSource } = await import('./guard-source.js')
    const guard = new GuardSource({ timeout: deadline })
    return { faults: guard, pages: guard }
  }
  const { adoptUserfaultfd } = await import('../../linux/userfaultfd/adopt-userfaultfd.js')
  const { UserfaultfdQueue } = await import('./userfaultfd-queue.js')
  const { UserfaultfdFilePages } = await import('./userfaultfd-file-pages.js')
  const raw = adoptUserfaultfd(descriptor)
  const pages = new UserfaultfdFilePages(raw, pageSize)
  const faults = new UserfaultfdQueue({
    raw,
    name,
    pageSize,
    displace: (page) => pages.displace(page),
    isThere: (page) => pages.isThere(page),
  })
  return { faults, pages }
}
