import { isSameArea } from '../../snapshot/is-same-area.js'
import type { ViewArea } from './view-area.js'

/** What turns one list of areas into the next. */
export interface Difference {
  /** The first pages of areas that are gone. */
  readonly gone: readonly number[]
  /** Areas that came, or of which anything changed, in order of address. */
  readonly put: readonly ViewArea[]
}

/** The difference of two lists in order of address: what `applyDifference` needs to make the second of the first, and no more. */
export function differenceBetween(before: readonly ViewArea[], after: readonly ViewArea[]): Difference {
  const gone: number[] = []
  const put: ViewArea[] = []
  let old = 0
  for (const area of after) {
    for (; old < before.length && before[old]!.startPage < area.startPage; old++) gone.push(before[old]!.startPage)
    const was = before[old]
    if (was?.startPage !== area.startPage) put.push(area)
    else {
      if (!isSameArea(was, area)) put.push(area)
      old++
    }
  }
  for (; old < before.length; old++) gone.push(before[old]!.startPage)
  return { gone, put }
}
