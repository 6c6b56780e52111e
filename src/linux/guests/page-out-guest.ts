import type { GuestRegion } from '../../kernel/guest-host.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { readProcFile } from '../proc/read-proc-file.js'

const MADV_PAGEOUT = 21
const { EPERM } = ERRNO_RESULT
/** What one call may cover. */
const STEP = 1 << 30

/** Moves the pages of another process to swap space: process_madvise(2). Returns the bytes of the process that are there. */
export function pageOutGuest(pid: number, regions: readonly GuestRegion[]): number {
  if (readProcFile('/proc/swaps', 'lists the swap spaces').trimEnd().split('\n').length < 2) {
    throw new VmError('EOPNOTSUPP', 'process_madvise', {
      hint: 'the machine has no swap space to which the kernel could move pages: add some with swapon(8)',
    })
  }
  if (regions.some(({ pageSize }) => pageSize > addon().pageSize)) {
    throw new VmError('EOPNOTSUPP', 'process_madvise', { hint: 'huge pages are never swapped' })
  }
  const pidfd = check(addon().pidfdOpen(pid), 'pidfd_open')
  try {
    for (const { start, length } of regions) {
      for (let at = start; at < start + length; at += STEP) {
        advise(pidfd, at, Math.min(STEP, start + length - at))
      }
    }
  } finally {
    closeDescriptor(pidfd)
  }
  const [, kilobytes = '0'] =
    /^VmSwap:\s*(\d+) kB/m.exec(readProcFile(`/proc/${pid}/status`, 'counts the bytes in swap space')) ?? []
  return Number(kilobytes) * 1024
}

function advise(pidfd: number, address: number, length: number): void {
  const code = addon().processMadvise(pidfd, address, length, MADV_PAGEOUT)
  if (code >= 0) return
  const hint = 'it requires CAP_SYS_NICE and the right to look into the monitor'
  throw new VmError(code, 'process_madvise', { address: BigInt(address), length, ...(code === EPERM ? { hint } : {}) })
}
