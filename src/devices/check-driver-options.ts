import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'

/** Runs the check of a driver's options: what it refuses is `EINVAL`, because every error of a setup that is no `VmError` becomes `EIO`. */
export function checkDriverOptions<Checked>(check: () => Checked): Checked {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof UsageError) throw new VmError('EINVAL', 'open', { hint: cause.message, cause })
    throw cause
  }
}
