import { KINDS, type Kind, kindOf } from '../../snapshot/kind-of.js'
import { rangeOf } from '../../snapshot/range-of.js'
import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { Sum } from '../../snapshot/sum.js'
import { table } from '../table.js'
import type { ColumnName } from './column-names.js'
import { isSummed } from './summed-columns.js'
import { usageField } from './usage-field.js'

/** What areas come to, by kind and altogether. */
export class Totals {
  readonly all: Sum
  readonly #kinds = new Map<Kind, Sum>()
  /** Shown beside the usual ones. */
  readonly #columns: readonly ColumnName[]

  /** @param columns those of the table above: each that adds up has a total */
  constructor(columns: readonly ColumnName[]) {
    this.#columns = columns.filter((name) => isSummed(name) && name !== 'locked')
    this.all = this.#newSum()
  }

  /** Passes areas on, and adds up each. */
  *count(areas: Iterable<AreaSnapshot>): Generator<AreaSnapshot> {
    for (const area of areas) {
      const kind = kindOf(area)
      let sum = this.#kinds.get(kind)
      if (sum === undefined) {
        sum = this.#newSum()
        this.#kinds.set(kind, sum)
      }
      const [start, end] = rangeOf(area)
      const length = Number(end - start)
      sum.add(area, length)
      this.all.add(area, length)
      yield area
    }
  }

  /** A table with a line a kind. */
  *lines(size: (bytes: number) => string): Generator<string> {
    const kinds = KINDS.flatMap((kind) => {
      const sum = this.#kinds.get(kind)
      return sum === undefined ? [] : [[kind, sum] as const]
    })
    const rows = [...kinds, ['all', this.all] as const].map(([kind, sum]) => {
      const { areas, rss, pss, dirty, swap, locked } = sum
      const more = this.#columns.map((name) => sum.of(usageField(name)))
      return [kind, String(areas), ...[sum.size, rss, pss, dirty, swap, locked, ...more].map(size)]
    })
    yield* table(
      [
        { title: 'KIND' },
        { title: 'AREAS', align: 'right' },
        { title: 'SIZE', align: 'right' },
        { title: 'RSS', align: 'right' },
        { title: 'PSS', align: 'right' },
        { title: 'DIRTY', align: 'right' },
        { title: 'SWAP', align: 'right', optional: true },
        { title: 'LOCKED', align: 'right', optional: true },
        ...this.#columns.map((name) => ({ title: name.toUpperCase(), align: 'right', optional: true }) as const),
      ],
      rows,
    )
  }

  #newSum(): Sum {
    return new Sum(this.#columns.map(usageField))
  }
}
