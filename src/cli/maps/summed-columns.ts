/** The columns that add up a field of smaps, beside those that every sum has. */
export const SUMMED_COLUMNS = [
  'pss-dirty',
  'shared-clean',
  'shared-dirty',
  'private-clean',
  'private-dirty',
  'referenced',
  'anonymous',
  'ksm',
  'lazy-free',
  'anon-huge-pages',
  'shmem-pmd-mapped',
  'file-pmd-mapped',
  'shared-hugetlb',
  'private-hugetlb',
  'swap-pss',
  'locked',
] as const

export type SummedColumn = (typeof SUMMED_COLUMNS)[number]

export function isSummed(name: string): name is SummedColumn {
  return (SUMMED_COLUMNS as readonly string[]).includes(name)
}
