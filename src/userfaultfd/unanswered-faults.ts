import { UFFD_FAULT_FLAG } from '../vocabulary/uffd-fault-flag.js'
import { checks } from './checks.js'
import type { HeldUserfaultfd } from './held-userfaultfd.js'
import type { Unanswered } from './unanswered-fault.js'
import { unsupported } from './unsupported.js'

/** The faults that wait for an answer, the longest first: see `Userfaultfd.unanswered`. */
export function unansweredFaults(held: HeldUserfaultfd, pid: number | undefined): Unanswered {
  checks.pid(pid)
  held.checkHeld()
  if (held.raw.unanswered === undefined) throw unsupported(held.kernel, 'it keeps no such record')
  const { read, ...rest } = held.raw.unanswered(pid)
  return {
    ...rest,
    read: read
      .map(({ address, flags, threadId, waited }) => ({
        address,
        fault: kindOf(flags),
        write: (flags & UFFD_FAULT_FLAG.WRITE) !== 0,
        threadId: threadId || undefined,
        waited,
      }))
      .sort((one, other) => other.waited - one.waited),
  }
}

function kindOf(flags: number): 'missing' | 'minor' | 'wp' {
  if (flags & UFFD_FAULT_FLAG.WP) return 'wp'
  return flags & UFFD_FAULT_FLAG.MINOR ? 'minor' : 'missing'
}
