import type { MmapReadGuard } from '../../mm/mmap-read-guard.js'
import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { Sum } from '../../snapshot/sum.js'
import { amountBy } from './amount-by.js'
import type { AreaFilter } from './area-filter.js'
import { objectName } from './object-name.js'
import { type PageStates, pageStates } from './page-states.js'
import type { MapsSortKey } from './sort-keys.js'
import { isSummed } from './summed-columns.js'
import { usageField } from './usage-field.js'

export type JsonArea = AreaSnapshot & { readonly pages?: readonly PageStates[] }

/** The areas that `maps --json` prints: those that the filter selects, in the order asked for, with the states of their pages where asked for. */
export function jsonAreas(
  areas: Iterable<AreaSnapshot>,
  {
    filter,
    sort,
    pages,
  }: { readonly filter: AreaFilter | undefined; readonly sort: MapsSortKey; readonly pages: boolean },
  guard?: MmapReadGuard,
): JsonArea[] {
  const shown = filter === undefined ? [...areas] : [...areas].filter(filter)
  if (sort !== 'address') shown.sort(orderOf(sort))
  if (!pages || guard === undefined) return shown
  return shown.map((area) => ({ ...area, pages: pageStates(guard, BigInt(area.start), BigInt(area.end)) }))
}

function orderOf(key: Exclude<MapsSortKey, 'address'>): (a: AreaSnapshot, b: AreaSnapshot) => number {
  if (key === 'name') {
    return (a, b) => {
      const [one, other] = [objectName(a), objectName(b)]
      return one < other ? -1 : one > other ? 1 : 0
    }
  }
  const sums = new Map<AreaSnapshot, number>()
  const amountOf = amountBy(key)
  const fields = isSummed(key) ? [usageField(key)] : []
  const amount = (area: AreaSnapshot) => {
    let known = sums.get(area)
    if (known === undefined) {
      const sum = new Sum(fields)
      sum.add(area, Number(BigInt(area.end) - BigInt(area.start)))
      known = amountOf(sum)
      sums.set(area, known)
    }
    return known
  }
  return (a, b) => amount(b) - amount(a)
}
