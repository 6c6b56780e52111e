import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { byteSize } from '../../snapshot/byte-size.js'
import { areaAt, placeOf } from '../data/area-at.js'
import { areaAtPlace, overviewLayout } from '../data/overview-layout.js'
import { describeArea } from './describe-area.js'
import { drawOverview, type Span } from './draw/draw-overview.js'
import { useCanvas } from './draw/use-canvas.js'
import { type Store, useStore } from './store.js'

/** The whole address space as one column, from its lowest address down to its highest: what is mapped, and the gaps between. */
export function Overview({ store }: { store: Store }) {
  const { areas, state, pageSize } = useStore(store)
  const layout = useMemo(() => overviewLayout(areas, pageSize, state.isTrue), [areas, pageSize, state.isTrue])
  const span = useRef<Span>({ from: 0, to: 1 })
  const zoomed = useRef(false)
  const drag = useRef<{ y: number; from: number; moved: boolean } | undefined>(undefined)
  const [hover, setHover] = useState<string>('')
  if (!zoomed.current) span.current = { from: 0, to: layout.total }
  const selected = state.at === null ? undefined : areaAt(areas, state.at)
  const { ref, redraw } = useCanvas((context, width, height) =>
    drawOverview(context, { width, height, layout, span: span.current, filter: state.filter, selected, pageSize }),
  )

  const show = (from: number, to: number) => {
    const length = Math.min(Math.max(to - from, layout.total / 1e7), layout.total * 1.05)
    const start = Math.min(Math.max(from, -layout.total * 0.02), layout.total * 1.02 - length)
    span.current = { from: start, to: start + length }
    zoomed.current = length < layout.total * 0.999
    redraw()
  }
  const zoom = (factor: number, at = 0.5) => {
    const { from, to } = span.current
    const centre = from + (to - from) * at
    show(centre - (centre - from) * factor, centre + (to - centre) * factor)
  }
  const pan = (part: number) => {
    const { from, to } = span.current
    show(from + (to - from) * part, to + (to - from) * part)
  }
  const placeUnder = (event: MouseEvent) => {
    const box = ref.current!.getBoundingClientRect()
    const { from, to } = span.current
    return from + ((event.clientY - box.top) / box.height) * (to - from)
  }
  const select = (index: number) => {
    const area = areas[Math.min(Math.max(index, 0), areas.length - 1)]
    if (area === undefined) return
    store.go({ at: area.startPage, level: state.level === 'page' ? 'area' : state.level })
    store.say(describeArea(area, pageSize))
    const at = areas.indexOf(area)
    const { from, to } = span.current
    if (layout.tops[at]! < from || layout.bottoms[at]! > to) {
      const centre = (layout.tops[at]! + layout.bottoms[at]!) / 2
      show(centre - (to - from) / 2, centre + (to - from) / 2)
    }
  }
  useEffect(() => {
    const canvas = ref.current!
    // Not through the framework: only a listener that is declared so may keep the page from scrolling.
    const wheel = (event: WheelEvent) => {
      event.preventDefault()
      const box = canvas.getBoundingClientRect()
      if (event.ctrlKey || !event.shiftKey) zoom(1.0015 ** event.deltaY, (event.clientY - box.top) / box.height)
      else pan(event.deltaY / 800)
    }
    canvas.addEventListener('wheel', wheel, { passive: false })
    return () => canvas.removeEventListener('wheel', wheel)
  })

  const keys = (event: KeyboardEvent) => {
    // Keys may come faster than the page is drawn: the store knows where they have led so far.
    const { at } = store.state
    const current = at === null ? 0 : placeOf(areas, at)
    const actions: Record<string, () => void> = {
      ArrowDown: () => select(at === null ? 0 : current + 1),
      ArrowUp: () => select(current - 1),
      PageDown: () => select(current + 10),
      PageUp: () => select(current - 10),
      Home: () => select(0),
      End: () => select(areas.length - 1),
      '+': () => zoom(0.5, centreOf(current)),
      '=': () => zoom(0.5, centreOf(current)),
      '-': () => zoom(2, centreOf(current)),
      '0': () => show(0, layout.total),
      Enter: () => at !== null && store.go({ level: 'area' }, true),
    }
    const action = actions[event.key]
    if (action === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    event.preventDefault()
    action()
  }
  const centreOf = (index: number) => {
    const { from, to } = span.current
    return Math.min(Math.max(((layout.tops[index] ?? 0) - from) / (to - from), 0), 1)
  }
  const hovered = (event: MouseEvent) => {
    if (drag.current !== undefined) {
      const { y, from } = drag.current
      const moved = event.clientY - y
      if (Math.abs(moved) > 3) drag.current.moved = true
      const length = span.current.to - span.current.from
      const start = from - (moved / ref.current!.clientHeight) * length
      show(start, start + length)
      return
    }
    const place = placeUnder(event)
    const index = areaAtPlace(layout, place)
    const area = areas[index]
    if (area === undefined) setHover('')
    else if (layout.tops[index]! <= place) setHover(describeArea(area, pageSize))
    else {
      const gap = (area.startPage - (areas[index - 1]?.endPage ?? 0)) * pageSize
      setHover(`gap of ${byteSize(gap)}`)
    }
  }
  return (
    <section class="overview" aria-label="Overview">
      <header>
        <h2>Address space</h2>
        <span class="tools">
          <button type="button" onClick={() => zoom(0.5)} aria-label="Zoom in">
            +
          </button>
          <button type="button" onClick={() => zoom(2)} aria-label="Zoom out">
            −
          </button>
          <button type="button" onClick={() => show(0, layout.total)}>
            All
          </button>
          <label title="Heights are lengths. By default gaps are collapsed and heights grow with the logarithm">
            <input
              type="checkbox"
              checked={state.isTrue}
              onChange={(event) => {
                zoomed.current = false
                store.go({ isTrue: event.currentTarget.checked })
              }}
            />
            true scale
          </label>
        </span>
      </header>
      <canvas
        ref={ref}
        class="overview-canvas"
        tabIndex={0}
        role="application"
        aria-roledescription="map of the address space"
        aria-label={`${areas.length} areas. Arrow keys choose one, Enter zooms into it, plus and minus zoom, 0 shows all. ${selected === undefined ? 'None is chosen.' : describeArea(selected, pageSize)}`}
        onKeyDown={keys}
        onMouseDown={(event) => {
          drag.current = { y: event.clientY, from: span.current.from, moved: false }
        }}
        onMouseMove={hovered}
        onMouseLeave={() => {
          drag.current = undefined
          setHover('')
        }}
        onMouseUp={(event) => {
          const wasDrag = drag.current?.moved ?? false
          drag.current = undefined
          if (!wasDrag) select(areaAtPlace(layout, placeUnder(event)))
        }}
        onDblClick={() => selected && store.go({ level: 'area' }, true)}
      />
      <p class="hover" aria-hidden="true">
        {hover || (selected === undefined ? 'Choose an area' : describeArea(selected, pageSize))}
      </p>
    </section>
  )
}
