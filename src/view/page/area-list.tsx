import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { byteSize } from '../../snapshot/byte-size.js'
import { areaAt } from '../data/area-at.js'
import type { ViewArea } from '../data/view-area.js'
import { describeArea, nameOf } from './describe-area.js'
import { type Store, useStore } from './store.js'
import { Swatch } from './swatch.js'

const ROW = 24
const SPARE = 8
/** A taller element is cut by browsers; scrolling then goes in larger steps. */
const TALLEST = 8_000_000

type Mark = '' | 'new' | 'changed'

/** The areas as a table of which only the rows in sight are made. */
export function AreaList({ store }: { store: Store }) {
  const { areas, fromAreas, state, pageSize } = useStore(store)
  const shown = useMemo(() => filtered(areas, state.filter, state.search), [areas, state.filter, state.search])
  const marks = useMemo(() => marksOf(fromAreas), [fromAreas])
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ top: 0, height: 400 })
  const selected = state.at === null ? undefined : areaAt(areas, state.at)
  const place = selected === undefined ? -1 : shown.indexOf(selected)
  const tall = Math.min(shown.length * ROW, TALLEST)
  const stretch = shown.length * ROW > TALLEST ? (shown.length * ROW - view.height) / (TALLEST - view.height) : 1
  const first = Math.max(Math.floor((view.top * stretch) / ROW) - SPARE, 0)
  const last = Math.min(first + Math.ceil(view.height / ROW) + 2 * SPARE, shown.length)
  const offset = first * ROW - view.top * (stretch - 1)

  useLayoutEffect(() => {
    const element = scroller.current!
    const observer = new ResizeObserver(() => setView({ top: element.scrollTop, height: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  // The chosen area comes into sight when another is chosen, not whenever the list changes.
  useEffect(() => {
    const element = scroller.current!
    if (place < 0) return
    const top = (place * ROW) / stretch
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + ROW > element.scrollTop + element.clientHeight - ROW)
      element.scrollTop = top + 2 * ROW - element.clientHeight
  }, [state.at])

  const choose = (index: number, among = shown) => {
    const area = among[Math.min(Math.max(index, 0), among.length - 1)]
    if (area === undefined) return
    store.go({ at: area.startPage })
    store.say(describeArea(area, pageSize))
  }
  const keys = (event: KeyboardEvent) => {
    const rows = Math.max(Math.floor(view.height / ROW) - 2, 1)
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: rows, PageUp: -rows }
    if (event.key === 'Enter' && store.state.at !== null) store.go({ level: 'area' }, true)
    else if (event.key === 'Home') choose(0)
    else if (event.key === 'End') choose(shown.length - 1)
    else if (steps[event.key] !== undefined) {
      // Keys may come faster than the page is drawn: the store knows where they have led so far.
      const { at } = store.state
      const area = at === null ? undefined : areaAt(areas, at)
      const now = area === undefined ? -1 : shown.indexOf(area)
      choose(now < 0 ? 0 : now + steps[event.key]!)
    } else return
    event.preventDefault()
  }
  const isDiff = fromAreas !== undefined
  return (
    <section class="areas" aria-label="Areas">
      <header>
        <h2>
          Areas <small>{shown.length === areas.length ? areas.length : `${shown.length} of ${areas.length}`}</small>
        </h2>
        <input
          type="search"
          class="find"
          placeholder="Find a name or an address (/)"
          aria-label="Find a name or an address"
          value={state.search}
          onInput={(event) => store.go({ search: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return
            // The list may not be drawn yet for what was typed last.
            const text = event.currentTarget.value
            const page = addressOf(text, pageSize)
            if (page === undefined) choose(0, filtered(areas, state.filter, text))
            else store.go({ at: page, search: '' }, true)
          }}
        />
      </header>
      <div
        class="scroller"
        ref={scroller}
        tabIndex={0}
        role="grid"
        aria-label="Areas in order of address"
        aria-rowcount={shown.length + 1}
        aria-activedescendant={place >= first && place < last ? `area-${place}` : undefined}
        onScroll={(event) => setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
        onKeyDown={keys}
      >
        <div class="row head" role="row" aria-rowindex={1}>
          <span role="columnheader">Addresses</span>
          <span role="columnheader">Size</span>
          <span role="columnheader">Rss</span>
          <span role="columnheader">Dirty</span>
          <span role="columnheader">Swap</span>
          <span role="columnheader">Perm</span>
          <span role="columnheader">Object</span>
        </div>
        <div class="rows" role="rowgroup" style={{ height: `${tall}px` }}>
          <div role="presentation" style={{ transform: `translateY(${offset}px)` }}>
            {shown.slice(first, last).map((area, at) => (
              <Row
                key={area.startPage}
                area={area}
                index={first + at}
                isSelected={area === selected}
                mark={isDiff ? marks(area) : ''}
                pageSize={pageSize}
                choose={choose}
                open={() => store.go({ at: area.startPage, level: 'area' }, true)}
              />
            ))}
          </div>
        </div>
        {shown.length === 0 ? (
          <p class="empty">{areas.length === 0 ? 'No areas.' : 'No area has that name and kind.'}</p>
        ) : null}
      </div>
    </section>
  )
}

interface RowProps {
  readonly area: ViewArea
  readonly index: number
  readonly isSelected: boolean
  readonly mark: Mark
  readonly pageSize: number
  readonly choose: (index: number) => void
  readonly open: () => void
}

function Row({ area, index, isSelected, mark, pageSize, choose, open }: RowProps) {
  const { usage } = area
  const { privateDirty } = usage
  const dirty = typeof privateDirty === 'number' ? privateDirty + (usage.sharedDirty ?? 0) : privateDirty
  return (
    <div
      class={`row${mark === '' ? '' : ` ${mark}`}`}
      id={`area-${index}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      onClick={() => choose(index)}
      onDblClick={open}
    >
      <span role="gridcell" class="address">
        <Swatch kind={area.kind} class="chip" />
        {area.start.slice(2)}-{area.end.slice(2)}
      </span>
      <span role="gridcell">{byteSize((area.endPage - area.startPage) * pageSize)}</span>
      <span role="gridcell">{blank(usage.rss)}</span>
      <span role="gridcell">{blank(dirty)}</span>
      <span role="gridcell">{blank(usage.swap)}</span>
      <span role="gridcell" class="permissions">
        {area.permissions}
      </span>
      <span role="gridcell" class="name" title={nameOf(area)}>
        {mark === '' ? null : <b class="mark">{mark}</b>}
        <bdi>{nameOf(area)}</bdi>
      </span>
    </div>
  )
}

/** Zero is blank; what is not known is a dash. */
function blank(bytes: number | null | undefined): string {
  return bytes === 0 ? '' : byteSize(bytes)
}

function filtered(areas: readonly ViewArea[], kind: ViewArea['kind'] | null, search: string): readonly ViewArea[] {
  if (kind === null && search === '') return areas
  const wanted = search.toLowerCase()
  return areas.filter(
    (area) =>
      (kind === null || area.kind === kind) &&
      (wanted === '' ||
        nameOf(area).toLowerCase().includes(wanted) ||
        area.start.includes(wanted) ||
        area.kind.includes(wanted)),
  )
}

function marksOf(before: readonly ViewArea[] | undefined): (area: ViewArea) => Mark {
  if (before === undefined) return () => ''
  const known = new Map(before.map((area) => [area.startPage, area]))
  return (area) => {
    const was = known.get(area.startPage)
    if (was === area) return ''
    if (was === undefined) return 'new'
    return was.endPage !== area.endPage || was.permissions !== area.permissions || was.usage.rss !== area.usage.rss
      ? 'changed'
      : ''
  }
}

/** The page of an address that was typed, in hexadecimal with or without 0x. */
function addressOf(text: string, pageSize: number): number | undefined {
  const digits = /^\s*(?:0x)?([0-9a-f]{4,16})\s*$/i.exec(text)?.[1]
  return digits === undefined ? undefined : Number(BigInt(`0x${digits}`) / BigInt(pageSize))
}
