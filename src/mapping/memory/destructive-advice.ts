import { MADV } from '../../vocabulary/madv.js'

/** Advice that changes what the memory holds, so that a byte too many would be a byte lost: it is taken for whole pages only. */
export const destructiveAdvice: ReadonlySet<number> = new Set([
  MADV.DONTNEED,
  MADV.FREE,
  MADV.REMOVE,
  MADV.DONTNEED_LOCKED,
  MADV.HWPOISON,
  MADV.SOFT_OFFLINE,
  MADV.GUARD_INSTALL,
])
