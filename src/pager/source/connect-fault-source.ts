import { adoptUserfaultfd } from '../../linux/userfaultfd/adopt-userfaultfd.js'
import type { FaultSource } from './fault-source.js'
import type { FaultSourceAddress } from './fault-source-address.js'
import { GuardSource } from './guard-source.js'
import { UserfaultfdFilePages } from './userfaultfd-file-pages.js'
import { UserfaultfdQueue } from './userfaultfd-queue.js'

/** Connects the pager's thread to the fault source that the program has opened. `deadline` is in milliseconds. */
export function connectFaultSource(
  { name, descriptor }: FaultSourceAddress,
  deadline: number,
  pageSize: number,
): FaultSource {
  if (name === 'guard') {
    const guard = new GuardSource({ timeout: deadline })
    return { faults: guard, pages: guard }
  }
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
