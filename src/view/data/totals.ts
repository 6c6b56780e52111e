import { KINDS, type Kind } from '../../snapshot/kind-of.js'
import type { ViewArea } from './view-area.js'

/** What areas come to, in bytes. `null` is what is known of none of them; `isPartial` says that it is not known of all. */
export interface Total {
  readonly areas: number
  readonly virtual: number
  readonly resident: number | null
  readonly dirtyAndSwapped: number | null
  readonly isPartial: boolean
}

/** The totals of each kind that there is, in the order of the kinds. */
export function totalsOf(areas: readonly ViewArea[], pageSize: number): Map<Kind, Total> {
  const sums = new Map<
    Kind,
    { areas: number; virtual: number; resident: number; dirty: number; known: number; knownDirty: number }
  >()
  for (const { kind, startPage, endPage, usage } of areas) {
    let sum = sums.get(kind)
    if (sum === undefined) {
      sum = { areas: 0, virtual: 0, resident: 0, dirty: 0, known: 0, knownDirty: 0 }
      sums.set(kind, sum)
    }
    sum.areas++
    sum.virtual += (endPage - startPage) * pageSize
    const { rss } = usage
    if (rss === undefined || rss === null) continue
    sum.known++
    sum.resident += rss
    if (typeof usage.privateDirty !== 'number') continue
    sum.knownDirty++
    sum.dirty += usage.privateDirty + (usage.swap ?? 0)
  }
  const totals = new Map<Kind, Total>()
  for (const kind of KINDS) {
    const sum = sums.get(kind)
    if (sum === undefined) continue
    totals.set(kind, {
      areas: sum.areas,
      virtual: sum.virtual,
      resident: sum.known === 0 ? null : sum.resident,
      dirtyAndSwapped: sum.knownDirty === 0 ? null : sum.dirty,
      isPartial: sum.knownDirty < sum.areas,
    })
  }
  return totals
}
