import { describe } from 'node:test'
import type { FaultSourceName } from 'vmarea'
import * as vmarea from 'vmarea'
import { skipWithout } from '../../userfaultfd/skip.js'

export interface SourceUnderTest {
  readonly source: FaultSourceName
  /** Opens a device with that source. */
  readonly openDevice: typeof vmarea.openDevice
  /** Why it can't be tested here, or `false`. */
  readonly skip: string | false
}

/** Defines the same tests for each way to take a fault. */
export function eachSource(define: (under: SourceUnderTest) => void): void {
  const refused = skipWithout('missing_shmem', 'minor_shmem', 'wp_hugetlbfs_shmem', 'poison')
  for (const source of ['userfaultfd', 'userfaultfd-user-mode-only', 'guard'] as const) {
    const openDevice: typeof vmarea.openDevice = (driver, options) => vmarea.openDevice(driver, { source, ...options })
    describe(`through ${source}`, () => define({ source, openDevice, skip: source === 'guard' ? false : refused }))
  }
}
