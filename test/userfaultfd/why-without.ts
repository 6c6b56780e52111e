import type { BoundUserfaultfd } from '#vmarea/userfaultfd/bind-userfaultfd.js'
import type { UffdFeature } from '#vmarea/vocabulary/uffd-feature.js'

/** Why tests of these features can't run here, or `false`. The error may be of any copy of the library. */
export function whyWithout(userfaultfds: Pick<BoundUserfaultfd, 'support'>, features: UffdFeature[]): string | false {
  try {
    const support = userfaultfds.support({ userModeOnly: false })
    const lacking = features.filter((feature) => !support.features.has(feature))
    return lacking.length > 0 && `this kernel's userfaultfd has no ${lacking.join(', ')}`
  } catch (error) {
    if (error instanceof Error && error.name === 'VmError') return `userfaultfd is refused here: ${error.message}`
    throw error
  }
}
