import { showValue } from '../vocabulary/options/show-value.js'
import { UFFD_MODE, type UffdMode } from '../vocabulary/uffd-mode.js'
import { UsageError } from '../vocabulary/usage-error.js'

/** The mask of modes to register, given by name, or as a number for those without a name in this version. */
export function modeBits(modes: readonly UffdMode[] | number): number {
  if (typeof modes === 'number') return modes
  if (!Array.isArray(modes)) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `modes must be the name of a mode, an array of names or a number, and is ${showValue(modes)}`,
    )
  }
  return (modes as readonly UffdMode[]).reduce((bits, mode) => {
    if (typeof mode !== 'string' || !Object.hasOwn(UFFD_MODE, mode.toUpperCase())) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `${showValue(mode)} is no mode of userfaultfd; they are missing, wp and minor`,
      )
    }
    return bits | UFFD_MODE[mode.toUpperCase() as keyof typeof UFFD_MODE]
  }, 0)
}
