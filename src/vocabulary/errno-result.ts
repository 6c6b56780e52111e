import { ERRNO, type ErrnoName } from './errno.js'

/**
 * The error numbers as the kernel's functions return them: negative.
 *
 * Functions of the model and calls of the native addon return 0, a result, or one of these; the seam turns them into `VmError`.
 */
export const ERRNO_RESULT = Object.fromEntries(
  Object.entries(ERRNO).map(([name, [number]]) => [name, -number]),
) as Record<ErrnoName, number>
