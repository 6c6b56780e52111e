import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { byteSize } from '../../snapshot/byte-size.js'
import { placeOf } from '../data/area-at.js'
import { type HeatMap, heatMap } from '../data/heat-map.js'
import { areaAtPlace, overviewLayout } from '../data/overview-layout.js'
import type { Timeline } from '../data/timeline.js'
import { describeArea } from './describe-area.js'
import { drawHeat } from './draw/draw-heat.js'
import { useCanvas } from './draw/use-canvas.js'
import { type Store, useStore } from './store.js'

const COLUMNS = 240
const ROWS = 48
/** Pixels below the cells, for the markers of layout changes. */
const MARKERS = 10
/** A live heat map is counted again at most so often. */
const AGAIN_AFTER = 1000

/** The moments of a recording, or of what was watched so far. */
export function TimePanel({ store }: { store: Store }) {
  const { timeline, kind } = useStore(store)
  if (timeline !== undefined && timeline.length > 1) return <Moments store={store} timeline={timeline} />
  return (
    <section class="time" aria-label="Time">
      <p class="note">
        {kind === 'live'
          ? 'Nothing has changed since the page was opened.'
          : 'One moment: a recording of vmarea watch --record has more.'}
      </p>
    </section>
  )
}

/** A heat map of what came into memory and went, and the scrubber. */
function Moments({ store, timeline }: { store: Store; timeline: Timeline }) {
  const { state, index, fromIndex, pageSize, beginning } = useStore(store)
  const [isPlaying, setPlaying] = useState(false)
  const [hover, setHover] = useState('')
  const drag = useRef<number | undefined>(undefined)
  const { length } = timeline
  const first = timeline.timeAt(0)
  const last = timeline.timeAt(length - 1)
  const counted = useCountedLength(length)
  const map = useMemo(() => {
    if (counted < 2) return undefined
    const layout = overviewLayout(timeline.at(counted - 1), pageSize, false)
    const rowOf = (page: number) => {
      const at = Math.min(placeOf(layout.areas, page), layout.areas.length - 1)
      return at < 0 ? -1 : Math.min(Math.floor(((layout.tops[at] ?? 0) / layout.total) * ROWS), ROWS - 1)
    }
    return {
      rowOf,
      heat: heatMap(timeline, { columns: COLUMNS, rows: ROWS, fromTime: first, toTime: last }, rowOf),
      areaAt: (row: number) => layout.areas[areaAtPlace(layout, ((row + 0.5) / ROWS) * layout.total)],
    }
  }, [timeline, counted, pageSize])
  const now = timeline.timeAt(index)
  const from = fromIndex === undefined ? undefined : timeline.timeAt(fromIndex)
  const part = (time: number) => (last === first ? 1 : (time - first) / (last - first))
  const { ref } = useCanvas((context, width, height) => {
    if (map !== undefined)
      drawHeat(context, {
        width,
        height,
        map: map.heat,
        markers: MARKERS,
        now: part(now),
        from: from === undefined ? undefined : part(from),
      })
  })
  useEffect(() => {
    if (!isPlaying) return
    const speed = Math.max((last - first) / 30_000, 1)
    const started = performance.now()
    const begin = index >= length - 1 ? first : now
    const timer = setInterval(() => {
      const time = begin + (performance.now() - started) * speed
      if (time >= last) setPlaying(false)
      store.go({ time: Math.min(time, last) - beginning })
    }, 50)
    return () => clearInterval(timer)
  }, [isPlaying])
  const goTo = (at: number) => {
    const clamped = Math.min(Math.max(at, 0), length - 1)
    const isFollowing = store.kind === 'live' && clamped === length - 1
    store.go({ time: isFollowing ? null : timeline.timeAt(clamped) - beginning })
  }
  const columnOf = (time: number) => Math.min(Math.floor(part(time) * COLUMNS), COLUMNS - 1)
  const startOf = (column: number) => first + (column / COLUMNS) * (last - first)
  const here = map === undefined ? '' : `${clock(now)}: ${describeColumn(map.heat, columnOf(now))}`
  /** What happened at the time and near the addresses under the mouse. */
  const describeCell = (event: MouseEvent): string => {
    if (map === undefined) return ''
    const column = columnOf(timeUnder(event))
    const box = ref.current!.getBoundingClientRect()
    const row = Math.min(Math.max(Math.floor(((event.clientY - box.top) / (box.height - MARKERS)) * ROWS), 0), ROWS)
    const area = row < ROWS ? map.areaAt(row) : undefined
    // All that happened in an area is counted where it begins.
    const what = describeColumn(map.heat, column, area === undefined ? undefined : map.rowOf(area.startPage))
    return `${clock(startOf(column))}: ${what}${area === undefined ? '' : ` near ${describeArea(area, pageSize)}`}`
  }
  const timeUnder = (event: MouseEvent) => {
    const box = ref.current!.getBoundingClientRect()
    return first + Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * (last - first)
  }
  return (
    <section class="time" aria-label="Time">
      <canvas
        ref={ref}
        class="heat"
        role="img"
        aria-label={`Heat map: addresses from top to bottom, time from left to right. ${length - 1} looks with changes. ${here}`}
        onMouseDown={(event) => {
          drag.current = timeUnder(event)
          store.go({ time: drag.current - beginning })
        }}
        onMouseMove={(event) => {
          setHover(describeCell(event))
          if (drag.current === undefined) return
          const time = timeUnder(event)
          const [a, b] = [Math.min(drag.current, time), Math.max(drag.current, time)]
          if (b - a > (last - first) / 200) store.go({ from: a - beginning, time: b - beginning })
        }}
        onMouseUp={() => {
          drag.current = undefined
        }}
        onMouseLeave={() => {
          drag.current = undefined
          setHover('')
        }}
      />
      <p class="hover" aria-hidden="true">
        <span class="heat-key came" /> came into memory <span class="heat-key went" /> went{' '}
        <span class="heat-key layout" /> the layout changed · {hover || here}
      </p>
      <div class="scrub">
        <button type="button" onClick={() => setPlaying(!isPlaying)}>
          {isPlaying ? 'Pause' : 'Play'}
        </button>
        <input
          type="range"
          min={0}
          max={length - 1}
          value={index}
          aria-label="Moment"
          aria-valuetext={`${here || clock(now)}, look ${index + 1} of ${length}`}
          onInput={(event) => goTo(Number(event.currentTarget.value))}
        />
        <span>
          {clock(now)}{' '}
          <small>
            {state.time === null && store.kind === 'live' ? 'now' : `+${((now - first) / 1000).toFixed(2)} s`}
          </small>
        </span>
        {store.kind === 'live' && state.time !== null ? (
          <button type="button" onClick={() => store.go({ time: null })}>
            Follow
          </button>
        ) : null}
        <button
          type="button"
          aria-pressed={from !== undefined}
          onClick={() => store.go({ from: from === undefined ? now - beginning : null })}
        >
          {from === undefined ? 'Compare from here' : `Comparing from ${clock(from)}: stop`}
        </button>
      </div>
    </section>
  )
}

/** What happened in a column of the heat map; with a row, what of it happened there. */
function describeColumn({ rows, came, went, layouts }: HeatMap, column: number, row?: number): string {
  const [from, to] =
    row === undefined ? [column * rows, (column + 1) * rows] : [column * rows + row, column * rows + row + 1]
  const sum = (bytes: Float64Array) => bytes.subarray(from, to).reduce((all, one) => all + one, 0)
  const parts = [`${byteSize(sum(came))} came`, `${byteSize(sum(went))} went`]
  if (row === undefined) parts.push(`${layouts[column]} change${layouts[column] === 1 ? '' : 's'} of the layout`)
  return parts.join(', ')
}

/** The length that was counted last: it follows at once when it is the first, and else at most once a second. */
function useCountedLength(length: number): number {
  const [counted, setCounted] = useState(length)
  const at = useRef(0)
  useEffect(() => {
    const wait = Math.max(at.current + AGAIN_AFTER - performance.now(), 0)
    const timer = setTimeout(() => {
      at.current = performance.now()
      setCounted(length)
    }, wait)
    return () => clearTimeout(timer)
  }, [length])
  return Math.min(counted, length)
}

function clock(time: number): string {
  return new Date(time).toISOString().slice(11, 23)
}
