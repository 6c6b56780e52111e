import type { UserfaultfdCalls } from '../../../kernel/userfaultfd-calls.js'
import type { FaultSourceName } from '../../../vocabulary/fault-source-name.js'
import { UFFD_FEATURE } from '../../../vocabulary/uffd-feature.js'
import { openFaultSource } from '../../source/open-fault-source.js'
import type { OpenedFaultSource } from '../../source/opened-fault-source.js'

/** The userfaultfd features that maps of a device's memory file require. */
const FEATURES =
  UFFD_FEATURE.MISSING_SHMEM |
  UFFD_FEATURE.MINOR_SHMEM |
  UFFD_FEATURE.WP_HUGETLBFS_SHMEM |
  UFFD_FEATURE.POISON |
  UFFD_FEATURE.THREAD_ID

/** Opens the source for the faults of one device: see `FaultSourceRequest`. Throws `VmError`, which names what was tried. */
export function openDeviceSource(
  calls: UserfaultfdCalls,
  name: FaultSourceName | undefined,
  deadline: number,
): OpenedFaultSource {
  return openFaultSource(calls, { name, features: FEATURES, guard: true, deadline })
}
