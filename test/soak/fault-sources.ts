import type { FaultSourceName } from 'vmarea'
import { skipWithout } from '../userfaultfd/skip.js'

/** The ways to take faults that this machine has. */
export function faultSources(): FaultSourceName[] {
  const refused = skipWithout('missing_shmem', 'minor_shmem', 'wp_hugetlbfs_shmem', 'poison')
  return refused === false ? ['userfaultfd', 'userfaultfd-user-mode-only', 'guard'] : ['guard']
}
