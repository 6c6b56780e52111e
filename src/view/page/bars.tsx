import { useMemo } from 'preact/hooks'
import { byteSize } from '../../snapshot/byte-size.js'
import { KINDS, type Kind } from '../../snapshot/kind-of.js'
import { type Total, totalsOf } from '../data/totals.js'
import { type Store, useStore } from './store.js'
import { Swatch } from './swatch.js'

const ROWS = [
  { name: 'Virtual', field: 'virtual', help: 'addresses that are mapped' },
  { name: 'Resident', field: 'resident', help: 'in memory' },
  { name: 'Private dirty + swapped', field: 'dirtyAndSwapped', help: 'what only ending the process gives back' },
] as const

/** Three bars by kind. Virtual memory is often a thousand times what is resident: the scale is the square root, and says so. */
export function Bars({ store }: { store: Store }) {
  const { areas, fromAreas, state, pageSize } = useStore(store)
  const totals = useMemo(() => totalsOf(areas, pageSize), [areas, pageSize])
  const before = useMemo(
    () => (fromAreas === undefined ? undefined : totalsOf(fromAreas, pageSize)),
    [fromAreas, pageSize],
  )
  const sums = ROWS.map(({ field }) => sumOf(totals, field))
  const isPartial = [...totals.values()].some((total) => total.isPartial)
  const most = Math.max(1, ...sums.map((sum) => sum ?? 0))
  const choose = (kind: Kind) => {
    const filter = state.filter === kind ? null : kind
    store.go({ filter })
    store.say(filter === null ? 'all kinds are shown' : `only ${filter} is shown`)
  }
  return (
    <section class="bars" aria-label="Totals by kind">
      {ROWS.map(({ name, field, help }, at) => {
        const sum = sums[at]
        // Of some areas it is not known: the sum is of the others.
        const atLeast = isPartial && field !== 'virtual' && sum !== null ? '≥ ' : ''
        const change = before === undefined ? undefined : (sum ?? 0) - (sumOf(before, field) ?? 0)
        return (
          <div class="bar-row" key={field}>
            <span class="bar-name" title={help}>
              {name}
            </span>
            <div
              class="bar"
              role="img"
              aria-label={`${name}: ${atLeast === '' ? '' : 'at least '}${sum === null ? 'unknown' : describe(totals, field)}`}
            >
              {sum === null ? <span class="unknown">unknown</span> : null}
              <div class="bar-fill" style={{ width: `${(100 * Math.sqrt(sum ?? 0)) / Math.sqrt(most)}%` }}>
                {[...totals].map(([kind, total]) => {
                  const bytes = total[field] ?? 0
                  if (bytes === 0) return null
                  return (
                    <Swatch
                      key={kind}
                      kind={kind}
                      class={state.filter !== null && state.filter !== kind ? 'part faded' : 'part'}
                      style={{ flexGrow: bytes / (sum ?? 1) }}
                      title={`${kind}: ${byteSize(bytes)}`}
                      onClick={() => choose(kind)}
                    />
                  )
                })}
              </div>
            </div>
            <span class="bar-sum">
              {atLeast}
              {byteSize(sum)}
              {change ? (
                <em>
                  {' '}
                  {change > 0 ? '+' : '−'}
                  {byteSize(Math.abs(change))}
                </em>
              ) : null}
            </span>
          </div>
        )
      })}
      <div class="legend" role="group" aria-label="Show one kind">
        {KINDS.filter((kind) => totals.has(kind)).map((kind) => {
          const total = totals.get(kind)!
          return (
            <button
              type="button"
              key={kind}
              aria-pressed={state.filter === kind}
              onClick={() => choose(kind)}
              title={`${total.areas} areas, ${byteSize(total.virtual)} virtual, ${byteSize(total.resident)} resident${total.isPartial ? ' (not known of all)' : ''}`}
            >
              <Swatch kind={kind} class="chip" />
              {kind} <small>{byteSize(total.resident ?? total.virtual)}</small>
            </button>
          )
        })}
      </div>
      <p class="note">Lengths grow with the square root, so that what is resident shows beside what is only mapped.</p>
    </section>
  )
}

function sumOf(totals: ReadonlyMap<Kind, Total>, field: (typeof ROWS)[number]['field']): number | null {
  let sum: number | null = null
  for (const total of totals.values()) if (total[field] !== null) sum = (sum ?? 0) + total[field]
  return sum
}

function describe(totals: ReadonlyMap<Kind, Total>, field: (typeof ROWS)[number]['field']): string {
  const parts = [...totals].flatMap(([kind, total]) => (total[field] ? [`${kind} ${byteSize(total[field])}`] : []))
  return parts.length === 0 ? 'nothing' : parts.join(', ')
}
