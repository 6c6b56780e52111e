import { type FaultSourceName, Userfaultfd } from '../published/index.js'
import { whyWithout } from '../userfaultfd/why-without.js'

/** The ways to take faults that this machine has. */
export function faultSources(): FaultSourceName[] {
  const refused = whyWithout(Userfaultfd, ['missing_shmem', 'minor_shmem', 'wp_hugetlbfs_shmem', 'poison'])
  return refused === false ? ['userfaultfd', 'userfaultfd-user-mode-only', 'guard'] : ['guard']
}
