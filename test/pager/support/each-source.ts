import { describe } from 'node:test'
import type * as library from 'vmarea'
import type { FaultSourceName } from 'vmarea'
import { whyWithout } from '../../userfaultfd/why-without.js'

export interface SourceUnderTest {
  readonly source: FaultSourceName
  /** Opens a device with that source. */
  readonly openDevice: typeof library.openDevice
  /** Why it can't be tested here, or `false`. */
  readonly skip: string | false
}

/** Defines the same tests for each way to take a fault, on one copy of the library. */
export function eachSource(
  vmarea: Pick<typeof library, 'openDevice' | 'Userfaultfd'>,
  define: (under: SourceUnderTest) => void,
): void {
  const refused = whyWithout(vmarea.Userfaultfd, ['missing_shmem', 'minor_shmem', 'wp_hugetlbfs_shmem', 'poison'])
  for (const source of ['userfaultfd', 'userfaultfd-user-mode-only', 'guard'] as const) {
    const openDevice: typeof library.openDevice = (driver, options) => vmarea.openDevice(driver, { source, ...options })
    describe(`through ${source}`, () => define({ source, openDevice, skip: source === 'guard' ? false : refused }))
  }
}
