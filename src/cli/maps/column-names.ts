import { SUMMED_COLUMNS } from './summed-columns.js'

/** The columns of `maps` by the names that `--columns` takes, in the order in which `--all-columns` shows them. */
export const COLUMN_NAMES = [
  'addresses',
  'kind',
  'size',
  'rss',
  'pss',
  'dirty',
  'swap',
  'kernel-page-size',
  'mmu-page-size',
  ...SUMMED_COLUMNS,
  'thp-eligible',
  'protection-key',
  'flags',
  'offset',
  'device',
  'inode',
  'perm',
  'n',
  'pages',
  'object',
] as const

export type ColumnName = (typeof COLUMN_NAMES)[number]

/** What `maps` shows without `--columns`. */
export const USUAL_COLUMNS: readonly ColumnName[] = ['addresses', 'size', 'rss', 'dirty', 'swap', 'perm', 'n', 'object']
