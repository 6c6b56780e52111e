import type { Kernel } from '../kernel/kernel.js'
import { UFFD_FEATURE } from '../vocabulary/uffd-feature.js'
import { VmError } from '../vocabulary/vm-error.js'
import { negotiateFeatures } from './negotiate-features.js'
import { type OpenedUserfaultfd, openUserfaultfd } from './open-userfaultfd.js'
import type { UserfaultfdOptions } from './userfaultfd-options.js'

/** Opens a userfaultfd and agrees on its features: see `Userfaultfd.create`. */
export function makeUserfaultfd({ userfaultfds }: Kernel, options: UserfaultfdOptions): OpenedUserfaultfd {
  const features = negotiateFeatures(userfaultfds, options)
  const opened = openUserfaultfd(userfaultfds, options.userModeOnly)
  try {
    opened.raw.api(features)
    if (options.whenServerEnds === 'wait') opened.raw.keepWaiting?.()
  } catch (error) {
    opened.raw.close('zero')
    throw explained(error, features)
  }
  return opened
}

function explained(error: unknown, features: bigint): unknown {
  if (!(error instanceof VmError)) return error
  const fork = error.code === 'EPERM' && (features & UFFD_FEATURE.EVENT_FORK) !== 0n
  if (!fork) return error
  const hint = 'event_fork requires CAP_SYS_PTRACE in the first user namespace'
  return new VmError('EPERM', 'UFFDIO_API', { hint, cause: error })
}
