/** What `maps --sort` takes. Sizes begin with the largest, names with the first of the alphabet. */
export const SORT_KEYS = ['address', 'size', 'rss', 'pss', 'dirty', 'swap', 'name'] as const

export type SortKey = (typeof SORT_KEYS)[number]
