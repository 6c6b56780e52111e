import type { VmaUsageField } from '../../vocabulary/vma-usage.js'

/** What each field of smaps counts, in a few words. */
export const USAGE_MEANINGS: Readonly<Record<VmaUsageField, string>> = {
  size: 'the length of the area',
  rss: 'resident in memory',
  pss: 'resident, each page divided by the processes that map it',
  pssDirty: 'the dirty part of the proportional size',
  sharedClean: 'mapped by several processes and unchanged',
  sharedDirty: 'mapped by several processes and changed',
  privateClean: 'mapped here alone and unchanged',
  privateDirty: 'mapped here alone and changed: what ending the process would free',
  referenced: 'touched since the marks were last cleared',
  anonymous: 'of no file, as copies made on write are',
  ksm: 'merged with equal pages by KSM',
  lazyFree: 'given up with MADV_FREE and not yet taken',
  anonHugePages: 'in transparent huge pages',
  shmemPmdMapped: 'shared memory in huge mappings',
  filePmdMapped: 'files in huge mappings',
  sharedHugetlb: 'reserved huge pages that others map as well',
  privateHugetlb: 'reserved huge pages of its own',
  swap: 'swapped out',
  swapPss: 'swapped out, divided by the processes that share it',
  locked: 'locked in memory',
  kernelPageSize: 'the page size the kernel uses for it',
  mmuPageSize: "the page size the processor's tables use for it",
  thpEligible: 'whether it may have transparent huge pages (1 or 0)',
  protectionKey: 'its protection key',
}
