import { MADV } from '../../vocabulary/madv.js'

/** Advice that changes what the memory holds. A range that was extended to whole pages would lose bytes, so the range must consist of them. */
export const destructiveAdvice: ReadonlySet<number> = new Set([
  MADV.DONTNEED,
  MADV.FREE,
  MADV.REMOVE,
  MADV.DONTNEED_LOCKED,
  MADV.HWPOISON,
  MADV.SOFT_OFFLINE,
  MADV.GUARD_INSTALL,
])
