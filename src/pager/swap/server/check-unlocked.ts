import { addon } from '../../../linux/addon/addon.js'
import { ERRNO_RESULT } from '../../../vocabulary/errno-result.js'
import { MADV } from '../../../vocabulary/madv.js'

const { EBUSY, EINVAL } = ERRNO_RESULT

/** Returns 0, or `EBUSY` for a locked page; `EINVAL` where a page of a longer run may be locked. All negative. */
export function checkUnlocked(address: number, length: number, pageSize: number): number {
  // The kernel refuses this advice on locked memory. On other memory the calls that follow have the same effect.
  const code = addon().adviseBare(address, length, MADV.COLD)
  return code === EINVAL && length === pageSize ? EBUSY : code
}
