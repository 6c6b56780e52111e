import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import { UFFD_RESOLVE_MODE } from '../../../vocabulary/uffd-resolve-mode.js'

/**
 * Calls `takeAway` while a range is write-protected: a thread that writes meanwhile waits, and faults again afterwards. Returns the error of the
 * protection, negative, or what `takeAway` returned.
 */
export function whileProtected(raw: LinuxUserfaultfd, start: number, length: number, takeAway: () => number): number {
  const armed = raw.writeprotect(start, length, UFFD_RESOLVE_MODE.WRITEPROTECT_WP)
  if (armed !== 0) return armed
  const code = takeAway()
  // Pages that stay lose their protection, and those that are gone its marks, where no poison could be put. Wakes the writers.
  if (raw.writeprotect(start, length, 0) !== 0) raw.wake(start, length)
  return code
}
