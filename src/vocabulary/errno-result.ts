import { ERRNO, type ErrnoName } from './errno.js'

/**
 * The error numbers as the kernel's functions return them: negative.
 *
 * Inside the model a function answers with 0, an address, or one of these; the seam turns them into `VmError`.
 */
export const ERRNO_RESULT = Object.fromEntries(
  Object.entries(ERRNO).map(([name, [number]]) => [name, -number]),
) as Record<ErrnoName, number>
