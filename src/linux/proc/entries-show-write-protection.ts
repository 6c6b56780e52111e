import { MADV } from '../../vocabulary/madv.js'
import { addon } from '../addon/addon.js'

let known: boolean | undefined

/**
 * Whether an entry of /proc/PID/pagemap says that a userfaultfd protects its page against writing. It does from Linux 5.14 on, which brought
 * `MADV_POPULATE_READ` as well: of no bytes, that advice is refused where it is unknown.
 */
export function entriesShowWriteProtection(): boolean {
  known ??= addon().madvise(0n, 0, MADV.POPULATE_READ) === 0
  return known
}
