import type { ViewArea } from './view-area.js'

/** Where the areas of an address space lie in a column. Units have no size: the drawing scales them. */
export interface OverviewLayout {
  readonly areas: readonly ViewArea[]
  /** Where each area begins, ascending. */
  readonly tops: Float64Array
  /** Where each area ends; what lies between one's end and the next one's top is a gap. */
  readonly bottoms: Float64Array
  readonly total: number
}

const GAP = 14
const WIDE_GAP = 22
const WIDE = 4096
/** The pages below 2^47 bytes of 4 KiB; beyond is the kernel's half, which no scale reaches. */
const USER_BYTES = 2 ** 47

/**
 * Lays out areas. By default a gap has a fixed height and an area one that grows with the logarithm of its pages, so that everything
 * can be seen; with `isTrue` heights are lengths, but for the gap before the kernel's half.
 */
export function overviewLayout(areas: readonly ViewArea[], pageSize: number, isTrue: boolean): OverviewLayout {
  const tops = new Float64Array(areas.length)
  const bottoms = new Float64Array(areas.length)
  let at = 0
  let end = areas[0]?.startPage ?? 0
  const userPages = USER_BYTES / pageSize
  for (const [index, { startPage, endPage }] of areas.entries()) {
    const gap = Math.max(startPage - end, 0)
    if (index > 0 && gap > 0) {
      if (!isTrue) at += gap >= WIDE ? WIDE_GAP : GAP
      else at += end <= userPages && startPage > userPages ? at / 50 : gap
    }
    tops[index] = at
    at += isTrue ? Math.max(endPage - startPage, 0) : 6 + 3 * Math.log2(Math.max(endPage - startPage, 1))
    bottoms[index] = at
    end = Math.max(end, endPage)
  }
  return { areas, tops, bottoms, total: Math.max(at, 1) }
}

/** The first area that ends below a place of the column: the one there, or the next. */
export function areaAtPlace({ bottoms }: OverviewLayout, place: number): number {
  let low = 0
  let high = bottoms.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (bottoms[middle]! <= place) low = middle + 1
    else high = middle
  }
  return low
}
