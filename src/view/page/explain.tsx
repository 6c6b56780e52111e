import { byteSize } from '../../snapshot/byte-size.js'
import { USAGE_FIELDS } from '../../snapshot/usage-fields.js'
import { VM_FLAG_MEANINGS } from '../../vocabulary/vm-flag-meanings.js'
import { areaAt, placeOf } from '../data/area-at.js'
import { flagOfCode } from '../data/flag-bits.js'
import { classesOf, PAGE_CLASSES } from '../data/page-classes.js'
import { USAGE_MEANINGS } from '../data/usage-meanings.js'
import type { ViewArea } from '../data/view-area.js'
import { type AccessKind, whatHappens } from '../data/what-happens.js'
import { whyApart } from '../data/why-apart.js'
import { hexOfPage } from '../data/wire-areas.js'
import { describeArea, nameOf } from './describe-area.js'
import { usePages } from './page-source.js'
import { type Store, useStore } from './store.js'

const ACCESSES: readonly [AccessKind, string][] = [
  ['read', 'A read'],
  ['write', 'A write'],
  ['execute', 'A jump'],
]
const COUNTS: ReadonlySet<string> = new Set(['thpEligible', 'protectionKey'])

/** What there is to say of the place that was chosen: its flags and usage in words, its neighbours, and what an access would do. */
export function Explain({ store }: { store: Store }) {
  const { areas, state, pageSize } = useStore(store)
  const area = state.at === null ? undefined : areaAt(areas, state.at)
  const pages = usePages(store, area)
  if (state.at === null) return <p class="empty">Choose an area, in the column or in the list.</p>
  const place = placeOf(areas, state.at)
  const above = areas[area === undefined ? place : place + 1]
  const below = areas[place - 1]
  const page =
    typeof pages === 'object' && 'pages' in pages && area !== undefined
      ? PAGE_CLASSES[classesOf(pages.pages, state.at, state.at + 1)[0]!]
      : undefined
  const gapToAbove = above === undefined ? Number.POSITIVE_INFINITY : (above.startPage - state.at) * pageSize
  return (
    <div class="explain">
      <h3>
        At <code>{hexOfPage(state.at, pageSize)}</code>
      </h3>
      <p>{area === undefined ? 'Nothing is mapped here.' : describeArea(area, pageSize)}</p>
      <dl class="accesses">
        {ACCESSES.map(([access, title]) => {
          const { kind, text } = whatHappens(access, area, above, page, gapToAbove)
          return (
            <div key={access} class={kind}>
              <dt>{title}</dt>
              <dd>{text}.</dd>
            </div>
          )
        })}
      </dl>
      {area === undefined ? null : <Flags area={area} />}
      <h4>Neighbours</h4>
      <Neighbour side="Above" area={above} other={area} isAbove store={store} />
      <Neighbour side="Below" area={below} other={area} store={store} />
      {area === undefined ? null : <Usage area={area} />}
    </div>
  )
}

function Flags({ area }: { area: ViewArea }) {
  return (
    <>
      <h4>Flags</h4>
      {area.flags.length === 0 ? (
        <p class="unknown">Its flags are not known.</p>
      ) : (
        <dl class="flags">
          {area.flags.map((code) => {
            const name = flagOfCode(code)
            return (
              <div key={code}>
                <dt title={name === undefined ? code : `VM_${name}`}>{code}</dt>
                <dd>
                  {name === undefined ? 'A flag that this version of vmarea does not know.' : VM_FLAG_MEANINGS[name]}
                </dd>
              </div>
            )
          })}
        </dl>
      )}
    </>
  )
}

interface NeighbourProps {
  readonly side: string
  readonly area: ViewArea | undefined
  readonly other: ViewArea | undefined
  readonly isAbove?: boolean
  readonly store: Store
}

function Neighbour({ side, area, other, isAbove = false, store }: NeighbourProps) {
  if (area === undefined) return <p>{side}: nothing.</p>
  const [lower, upper] = isAbove ? [other, area] : [area, other]
  const page = store.state.at ?? 0
  const edge = other === undefined ? page : isAbove ? other.endPage : other.startPage
  const gap = isAbove ? area.startPage - edge : edge - area.endPage
  const reasons = gap === 0 && lower !== undefined && upper !== undefined ? whyApart(lower, upper) : []
  return (
    <p>
      {side}:{' '}
      <button type="button" class="link" onClick={() => store.go({ at: area.startPage }, true)}>
        <bdi>{nameOf(area)}</bdi>
      </button>
      , {area.permissions}
      {gap > 0 ? `, behind a gap of ${byteSize(gap * store.pageSize)}.` : '. It touches, and is not merged: '}
      {gap > 0
        ? ''
        : reasons === undefined
          ? 'why is not known, because flags are not known.'
          : `${reasons.join('; ')}.`}
    </p>
  )
}

function Usage({ area }: { area: ViewArea }) {
  const known = USAGE_FIELDS.filter((field) => typeof area.usage[field] === 'number' && area.usage[field] !== 0)
  const unknown = USAGE_FIELDS.filter((field) => area.usage[field] === null)
  if (!('rss' in area.usage)) return <p class="unknown">What of it is in memory is not known.</p>
  return (
    <>
      <h4>Usage</h4>
      <dl class="usage">
        {known.map((field) => (
          <div key={field}>
            <dt>{field}</dt>
            <dd>
              <b>{COUNTS.has(field) ? area.usage[field] : byteSize(area.usage[field])}</b> {USAGE_MEANINGS[field]}
            </dd>
          </div>
        ))}
      </dl>
      <p class="note">
        All else is zero
        {unknown.length === 0 ? '.' : `, but for what this kernel does not report: ${unknown.join(', ')}.`}
      </p>
    </>
  )
}
