import type { Difference } from './difference.js'
import type { ViewArea } from './view-area.js'

/** The list that follows from another by differences, the oldest first. One pass over the list, however many there are. */
export function applyDifferences(areas: readonly ViewArea[], differences: Iterable<Difference>): ViewArea[] {
  const last = new Map<number, ViewArea | undefined>()
  for (const { gone, put } of differences) {
    for (const page of gone) last.set(page, undefined)
    for (const area of put) last.set(area.startPage, area)
  }
  if (last.size === 0) return [...areas]
  const put = [...last.values()].filter((area) => area !== undefined).sort((a, b) => a.startPage - b.startPage)
  const result: ViewArea[] = []
  let next = 0
  for (const area of areas) {
    for (; next < put.length && put[next]!.startPage <= area.startPage; next++) result.push(put[next]!)
    if (!last.has(area.startPage)) result.push(area)
  }
  for (; next < put.length; next++) result.push(put[next]!)
  return result
}
