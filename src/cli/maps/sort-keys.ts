import { SUMMED_COLUMNS } from './summed-columns.js'

/** What `watch --sort` takes. Sizes begin with the largest, names with the first of the alphabet. */
export const SORT_KEYS = ['address', 'size', 'rss', 'pss', 'dirty', 'swap', 'name'] as const

/** What `maps --sort` takes: also the other columns with sizes. */
export const MAPS_SORT_KEYS = [...SORT_KEYS, ...SUMMED_COLUMNS] as const

export type SortKey = (typeof SORT_KEYS)[number]

export type MapsSortKey = (typeof MAPS_SORT_KEYS)[number]
