import type { ConformanceCapability } from './capability.js'

/** A capability that only one of the two kernels of this package has. */
export interface Difference {
  /** The kernel that can do it. */
  readonly only: 'linux' | 'model'
  /** Why the other one can't, as a sentence. */
  readonly reason: string
}

/** The capabilities that only one kernel has. A case that requires one is skipped on the other kernel, with the reason. */
export const differences: { readonly [capability in ConformanceCapability]?: Difference } = {
  views: {
    only: 'linux',
    reason: 'an ArrayBuffer can lie over memory of this process, and not over pages that a model keeps',
  },
  'other-processes': {
    only: 'linux',
    reason:
      'Mm.of asks the running kernel for a process; those of a modelled machine are the objects that spawn and fork gave',
  },
}
