import { describe } from 'node:test'
import type * as library from 'vmarea'
import type { FaultSourceName } from 'vmarea'
import { longRuns } from '../../support/long-runs.js'
import { whyWithout } from '../../userfaultfd/why-without.js'

const REPEATS = 'repeats through userfaultfd-user-mode-only are for --long'

export interface SourceUnderTest {
  readonly source: FaultSourceName
  /** Opens a device with that source. */
  readonly openDevice: typeof library.openDevice
  /** Why it can't be tested here, or `false`. */
  readonly skip: string | false
}

/**
 * Defines the same tests for each way to take a fault, on one copy of the library. `alike`: what they test is the same code for both kinds of
 * userfaultfd, which differ in the faults of system calls alone. Without `--long` one kind is enough.
 */
export function eachSource(
  { alike = false, ...vmarea }: Pick<typeof library, 'openDevice' | 'Userfaultfd'> & { readonly alike?: boolean },
  define: (under: SourceUnderTest) => void,
): void {
  const refused = whyWithout(vmarea.Userfaultfd, ['missing_shmem', 'minor_shmem', 'wp_hugetlbfs_shmem', 'poison'])
  for (const source of ['userfaultfd', 'userfaultfd-user-mode-only', 'guard'] as const) {
    const openDevice: typeof library.openDevice = (driver, options) => vmarea.openDevice(driver, { source, ...options })
    const skip =
      source === 'guard' ? false : refused || (alike && !longRuns && source === 'userfaultfd-user-mode-only' && REPEATS)
    describe(`through ${source}`, () => define({ source, openDevice, skip }))
  }
}
