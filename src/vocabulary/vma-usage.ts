/**
 * How much of an area is in memory, and in which state: every field of /proc/PID/smaps, in bytes.
 *
 * `undefined` is a field that this kernel does not report, which is not 0.
 */
export interface VmaUsage {
  /** The length of the area. */
  readonly size: number | undefined
  /** The page size that the kernel uses for the area. */
  readonly kernelPageSize: number | undefined
  /** The page size that the processor's tables use for it. */
  readonly mmuPageSize: number | undefined
  /** Resident in memory. */
  readonly rss: number | undefined
  /** Resident, each page divided by the number of processes that map it. */
  readonly pss: number | undefined
  /** The dirty part of `pss`. */
  readonly pssDirty: number | undefined
  /** Mapped by several processes, and unchanged since it was read. */
  readonly sharedClean: number | undefined
  /** Mapped by several processes, and changed since it was read. */
  readonly sharedDirty: number | undefined
  /** Mapped by this process alone, and unchanged since it was read. */
  readonly privateClean: number | undefined
  /** Mapped by this process alone, and changed since it was read. */
  readonly privateDirty: number | undefined
  /** Touched since the kernel last cleared the marks. */
  readonly referenced: number | undefined
  /** Belongs to no file, as copies made on write do. */
  readonly anonymous: number | undefined
  /** Merged with equal pages by KSM. */
  readonly ksm: number | undefined
  /** Freed with `MADV_FREE` and not yet reclaimed. */
  readonly lazyFree: number | undefined
  /** In transparent huge pages. */
  readonly anonHugePages: number | undefined
  /** Shared memory (shmem) that is mapped by huge pages. */
  readonly shmemPmdMapped: number | undefined
  /** Pages of a file that are mapped by huge pages. */
  readonly filePmdMapped: number | undefined
  /** In hugetlb pages that several processes map. `rss` does not count them. */
  readonly sharedHugetlb: number | undefined
  /** In hugetlb pages that this process alone maps. `rss` does not count them. */
  readonly privateHugetlb: number | undefined
  /** Swapped out. */
  readonly swap: number | undefined
  /** Swapped out, divided by the processes that share it. */
  readonly swapPss: number | undefined
  /** Locked in memory. */
  readonly locked: number | undefined
  /** 1 where the area may have transparent huge pages. */
  readonly thpEligible: number | undefined
  /** The protection key, on a machine that has them. */
  readonly protectionKey: number | undefined
}

/** The name of a field of {@link VmaUsage}. */
export type VmaUsageField = keyof VmaUsage
