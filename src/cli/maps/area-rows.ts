import { type Fold, fold } from '../../snapshot/fold.js'
import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { isColourful } from '../is-colourful.js'
import type { Colour } from '../paint.js'
import { amountBy } from './amount-by.js'
import type { MapsColumn } from './columns.js'
import { objectName } from './object-name.js'
import type { MapsSortKey } from './sort-keys.js'
import { isSummed } from './summed-columns.js'
import { usageField } from './usage-field.js'

/** The kernel's half of the addresses, where only `[vsyscall]` is: what lies below it is no gap that could be used. */
const KERNEL_HALF = 1n << 63n

export interface RowOptions {
  readonly columns: readonly MapsColumn[]
  readonly sort: MapsSortKey
  /** Whether each area is a row of its own. */
  readonly all: boolean
  /** Whether the gaps are rows as well. */
  readonly gaps: boolean
  readonly size: (bytes: number) => string
}

/** The rows of a table of areas. */
export interface AreaRows {
  /** Made one by one where the areas stay in their order. */
  readonly rows: Iterable<readonly string[]>
  /** The colours of the cells of a row that was made. */
  colour(row: number, column: number): Colour | undefined
  /** In bytes, of the rows that were made. */
  readonly largestGap: number
}

/** Makes rows of areas that come in the order of their addresses. */
export function areaRows(areas: Iterable<AreaSnapshot>, options: RowOptions): AreaRows {
  const { columns, sort, all, gaps, size } = options
  const shown = columns.flatMap(({ fields }) => fields)
  const inOrder = fold(areas, all, isSummed(sort) ? [...shown, usageField(sort)] : shown)
  const colourful = isColourful()
  const colours: (readonly (Colour | undefined)[] | undefined)[] = []
  const made = {
    rows: sort === 'address' ? rowsOf(inOrder) : [...rowsOf([...inOrder].sort(orderOf(sort)))],
    largestGap: 0,
    colour(row: number, column: number) {
      if (!colourful) return undefined
      const ofCells = colours[row]
      return ofCells === undefined ? 'dim' : ofCells[column]
    },
  }
  return made

  function* rowsOf(folds: Iterable<Fold>): Generator<readonly string[]> {
    let end = 0n
    for (const one of folds) {
      if (gaps && end > 0n && one.start > end && one.start < KERNEL_HALF) {
        made.largestGap = Math.max(made.largestGap, Number(one.start - end))
        if (colourful) colours.push(undefined)
        yield gapRow(end, one.start, columns, size)
      }
      if (colourful) colours.push(columns.map((column) => column.colour?.(one)))
      yield columns.map((column) => column.value(one, size))
      end = one.end
    }
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
function orderOf(key: Exclude<MapsSortKey, 'address'>): (a: Fold, b: Fold) => number {
  if (key !== 'name') {
    const amount = amountBy(key)
    return (a, b) => amount(b.sum) - amount(a.sum)
  }
  return (a, b) => {
    const [one, other] = [objectName(a.named), objectName(b.named)]
    return one < other ? -1 : one > other ? 1 : 0
  }
}
