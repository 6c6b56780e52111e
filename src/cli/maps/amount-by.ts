import type { Sum } from '../../snapshot/sum.js'
import type { MapsSortKey } from './sort-keys.js'
import { isSummed } from './summed-columns.js'
import { usageField } from './usage-field.js'

/** The number by which `--sort` orders, of a sum that has the field of the key where it is of smaps. */
export function amountBy(key: Exclude<MapsSortKey, 'address' | 'name'>): (sum: Sum) => number {
  if (!isSummed(key)) return (sum) => sum[key]
  const field = usageField(key)
  return (sum) => sum.of(field)
}
