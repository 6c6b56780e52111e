import { UFFD_MODE, type UffdMode } from '../vocabulary/uffd-mode.js'
import { UsageError } from '../vocabulary/usage-error.js'

/** The mask of modes to register, given by name, or as a number for those without a name in this version. */
export function modeBits(modes: readonly UffdMode[] | number): number {
  if (typeof modes === 'number') return modes
  return modes.reduce((bits, mode) => {
    const bit = UFFD_MODE[String(mode).toUpperCase() as keyof typeof UFFD_MODE]
    if (bit === undefined) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `'${mode}' is no mode of userfaultfd; they are missing, wp and minor`,
      )
    }
    return bits | bit
  }, 0)
}
