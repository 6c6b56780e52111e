import type { Timeline } from './timeline.js'

/** What happened where and when: in each cell of `columns` times and `rows` places, bytes that came into memory and that went. */
export interface HeatMap {
  readonly columns: number
  readonly rows: number
  readonly came: Float64Array
  readonly went: Float64Array
  /** How many layout changes (areas that came, went or changed their permissions) fall into each column. */
  readonly layouts: Uint32Array
  readonly most: number
}

/** Counts the steps of a timeline in `[fromTime, toTime]`. `rowOf` gives the row of a page, or -1 for one that is not shown. */
export function heatMap(
  timeline: Timeline,
  { columns, rows, fromTime, toTime }: { columns: number; rows: number; fromTime: number; toTime: number },
  rowOf: (page: number) => number,
): HeatMap {
  const came = new Float64Array(columns * rows)
  const went = new Float64Array(columns * rows)
  const layouts = new Uint32Array(columns)
  const span = Math.max(toTime - fromTime, 1)
  let most = 0
  const add = (map: Float64Array, column: number, page: number, bytes: number) => {
    const row = rowOf(page)
    if (row < 0 || row >= rows) return
    const cell = column * rows + row
    map[cell]! += bytes
    most = Math.max(most, map[cell]!)
  }
  const last = new Map<number, number>()
  for (const area of timeline.at(0)) last.set(area.startPage, area.usage?.rss ?? 0)
  for (let index = 1; index < timeline.length; index++) {
    const step = timeline.stepAt(index)!
    const isInside = step.time >= fromTime && step.time <= toTime
    const column = Math.min(Math.floor(((step.time - fromTime) / span) * columns), columns - 1)
    for (const page of step.gone) {
      const before = last.get(page) ?? 0
      last.delete(page)
      if (!isInside) continue
      layouts[column]!++
      if (before > 0) add(went, column, page, before)
    }
    for (const { startPage, usage } of step.put) {
      const before = last.get(startPage)
      const now = usage.rss ?? before ?? 0
      last.set(startPage, now)
      if (!isInside) continue
      if (before === undefined) layouts[column]!++
      const difference = now - (before ?? 0)
      if (difference > 0) add(came, column, startPage, difference)
      else if (difference < 0) add(went, column, startPage, -difference)
    }
  }
  return { columns, rows, came, went, layouts, most }
}
