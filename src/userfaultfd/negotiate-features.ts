import type { UserfaultfdCalls } from '../kernel/userfaultfd-calls.js'
import { checkOptions } from '../vocabulary/options/check-options.js'
import { UFFD_FEATURE, type UffdFeature } from '../vocabulary/uffd-feature.js'
import type { UffdIoctl } from '../vocabulary/uffd-ioctl.js'
import { UFFD_IOCTL } from '../vocabulary/uffd-ioctl.js'
import { VmError } from '../vocabulary/vm-error.js'
import { featureBits } from './feature-bits.js'
import { NamedBits } from './named-bits.js'
import { openUserfaultfd, type UserfaultfdRefusal } from './open-userfaultfd.js'
import { userfaultfdOptionRules } from './userfaultfd-option-rules.js'
import type { UserfaultfdOptions, UserfaultfdWay } from './userfaultfd-options.js'

/** The capabilities of userfaultfds on this kernel. */
export interface UserfaultfdSupport {
  /** The features that the kernel has: `UFFD_FEATURE_*`, ioctl_userfaultfd(2). */
  readonly features: NamedBits<UffdFeature>
  /** The ioctls of the descriptor itself; `register` returns those of a range. */
  readonly ioctls: NamedBits<UffdIoctl>
  /** The way in which the userfaultfd of the probe was opened. */
  readonly way: UserfaultfdWay
  /** The ways that were refused before, each with its error. */
  readonly refusals: readonly UserfaultfdRefusal[]
}

/** Uses a temporary descriptor, because `UFFDIO_API` can be called only once on each. */
export function probeUserfaultfd(calls: UserfaultfdCalls, userModeOnly: boolean | undefined): UserfaultfdSupport {
  const { raw, way, refusals } = openUserfaultfd(calls, userModeOnly)
  try {
    const { features, ioctls } = raw.api(0n)
    return { features: new NamedBits(UFFD_FEATURE, features), ioctls: new NamedBits(UFFD_IOCTL, ioctls), way, refusals }
  } finally {
    raw.close('zero')
  }
}

/**
 * Checks the options and returns the mask to request: all required features, and the optional ones that the kernel has. Throws where a
 * required one is missing.
 */
export function negotiateFeatures(calls: UserfaultfdCalls, given: UserfaultfdOptions): bigint {
  const options = checkOptions('a userfaultfd', given, userfaultfdOptionRules)
  const required = featureBits(options.features ?? [])
  const optional = featureBits(options.optionalFeatures ?? [])
  if ((required | optional) === 0n) return 0n
  const available = probeUserfaultfd(calls, options.userModeOnly).features.bits
  const lacking = required & ~available
  if (lacking === 0n) return required | (optional & available)
  const names = new NamedBits<UffdFeature>(UFFD_FEATURE, lacking)
  const unknown = names.unknown === 0n ? [] : [`bits 0x${names.unknown.toString(16)}`]
  throw new VmError('EINVAL', 'UFFDIO_API', {
    hint: `this kernel has no ${[...names, ...unknown].join(', ')}; it has ${[...new NamedBits<UffdFeature>(UFFD_FEATURE, available)].join(', ')}`,
  })
}
