import type { VmaUsageField } from '../vocabulary/vma-usage.js'

/** Every field of smaps, in the order of the wire. */
export const USAGE_FIELDS: readonly VmaUsageField[] = [
  'size',
  'rss',
  'pss',
  'pssDirty',
  'sharedClean',
  'sharedDirty',
  'privateClean',
  'privateDirty',
  'referenced',
  'anonymous',
  'ksm',
  'lazyFree',
  'anonHugePages',
  'shmemPmdMapped',
  'filePmdMapped',
  'sharedHugetlb',
  'privateHugetlb',
  'swap',
  'swapPss',
  'locked',
  'kernelPageSize',
  'mmuPageSize',
  'thpEligible',
  'protectionKey',
]
