import { type Fold, fold } from '../../snapshot/fold.js'
import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { isColourful } from '../is-colourful.js'
import type { Colour } from '../paint.js'
import type { MapsColumn } from './columns.js'
import { objectName } from './object-name.js'
import type { SortKey } from './sort-keys.js'

/** The kernel's half of the addresses, where only `[vsyscall]` is: what lies below it is no gap that could be used. */
const KERNEL_HALF = 1n << 63n

export interface RowOptions {
  readonly columns: readonly MapsColumn[]
  readonly sort: SortKey
  /** Whether each area is a row of its own. */
  readonly all: boolean
  /** Whether the gaps are rows as well. */
  readonly gaps: boolean
  readonly size: (bytes: number) => string
}

/** The rows of a table of areas. */
export interface AreaRows {
  readonly rows: readonly (readonly string[])[]
  /** The colours of the cells of a row. */
  colour(row: number, column: number): Colour | undefined
  /** In bytes. */
  readonly largestGap: number
}

/** Makes rows of areas that come in the order of their addresses. */
export function areaRows(areas: Iterable<AreaSnapshot>, { columns, sort, all, gaps, size }: RowOptions): AreaRows {
  const inOrder = fold(
    areas,
    all,
    columns.flatMap(({ fields }) => fields),
  )
  // Without an order of their own, the folds of many areas are not all kept: that would cost the collector time.
  const folds = sort === 'address' ? inOrder : [...inOrder].sort(orderOf(sort))
  const rows: string[][] = []
  const colourful = isColourful()
  const colours: (readonly (Colour | undefined)[] | undefined)[] = []
  let end = 0n
  let largestGap = 0
  for (const one of folds) {
    if (gaps && end > 0n && one.start > end && one.start < KERNEL_HALF) {
      largestGap = Math.max(largestGap, Number(one.start - end))
      rows.push(gapRow(end, one.start, columns, size))
      if (colourful) colours.push(undefined)
    }
    rows.push(columns.map((column) => column.value(one, size)))
    if (colourful) colours.push(columns.map((column) => column.colour?.(one)))
    end = one.end
  }
  return {
    rows,
    largestGap,
    colour(row, column) {
      if (!colourful) return undefined
      const ofCells = colours[row]
      return ofCells === undefined ? 'dim' : ofCells[column]
    },
  }
}

function gapRow(from: bigint, to: bigint, columns: readonly MapsColumn[], size: (bytes: number) => string): string[] {
  return columns.map(({ name }) => {
    if (name === 'addresses') return `${from.toString(16)}-${to.toString(16)}`
    if (name === 'size') return size(Number(to - from))
    return name === 'object' ? '(gap)' : ''
  })
}

/** The largest first; names by the alphabet. What is equal stays in the order of its addresses. */
function orderOf(key: Exclude<SortKey, 'address'>): (a: Fold, b: Fold) => number {
  if (key !== 'name') return (a, b) => b.sum[key] - a.sum[key]
  return (a, b) => {
    const [one, other] = [objectName(a.named), objectName(b.named)]
    return one < other ? -1 : one > other ? 1 : 0
  }
}
