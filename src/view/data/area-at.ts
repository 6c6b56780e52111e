import type { ViewArea } from './view-area.js'

/** The place of the first area that ends above a page: the area there, or the next one; the length of the list where there is none. */
export function placeOf(areas: readonly ViewArea[], page: number): number {
  let low = 0
  let high = areas.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (areas[middle]!.endPage <= page) low = middle + 1
    else high = middle
  }
  return low
}

/** The area that contains a page. */
export function areaAt(areas: readonly ViewArea[], page: number): ViewArea | undefined {
  const found = areas[placeOf(areas, page)]
  return found !== undefined && found.startPage <= page ? found : undefined
}
