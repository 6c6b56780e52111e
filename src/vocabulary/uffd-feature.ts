/** `UFFD_FEATURE_*`: the features of a userfaultfd, as of Linux 6.18, each with the version that introduced it. */
export const UFFD_FEATURE = {
  /** Write-protect faults, and `UFFDIO_WRITEPROTECT` (5.7). */
  PAGEFAULT_FLAG_WP: 1n << 0n,
  /** A fork gives the child a userfaultfd of its own, which the event contains (4.11, requires `CAP_SYS_PTRACE`). */
  EVENT_FORK: 1n << 1n,
  /** mremap sends an event, and the registration moves along (4.11). */
  EVENT_REMAP: 1n << 2n,
  /** `MADV_DONTNEED` and `MADV_REMOVE` send an event (4.11). */
  EVENT_REMOVE: 1n << 3n,
  /** Missing faults of huge pages (4.11). */
  MISSING_HUGETLBFS: 1n << 4n,
  /** Missing faults of shared memory (4.11). */
  MISSING_SHMEM: 1n << 5n,
  /** munmap sends an event (4.11). */
  EVENT_UNMAP: 1n << 6n,
  /** No messages: a fault is a SIGBUS for the thread, `EFAULT` for a system call (4.14). */
  SIGBUS: 1n << 7n,
  /** Faults contain the number of the waiting thread (4.14). */
  THREAD_ID: 1n << 8n,
  /** Minor faults of huge pages (5.13). */
  MINOR_HUGETLBFS: 1n << 9n,
  /** Minor faults of shared memory (5.14). */
  MINOR_SHMEM: 1n << 10n,
  /** Faults have the address of the access and not of its page (5.18). */
  EXACT_ADDRESS: 1n << 11n,
  /** Write-protection of huge pages and shared memory (5.19). */
  WP_HUGETLBFS_SHMEM: 1n << 12n,
  /** Write-protection covers missing pages too (6.4). */
  WP_UNPOPULATED: 1n << 13n,
  /** `UFFDIO_POISON` (6.6). */
  POISON: 1n << 14n,
  /** The kernel lifts write-protection by itself and records it (6.7). Includes `WP_UNPOPULATED`. */
  WP_ASYNC: 1n << 15n,
  /** `UFFDIO_MOVE` (6.8). */
  MOVE: 1n << 16n,
} as const

/** The kernel's name of a feature, in lower case. */
export type UffdFeature = Lowercase<keyof typeof UFFD_FEATURE>
