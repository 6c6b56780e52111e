import { byteSize } from '../../../snapshot/byte-size.js'
import type { Kind } from '../../../snapshot/kind-of.js'
import { areaAtPlace, type OverviewLayout } from '../../data/overview-layout.js'
import { KIND_PAINT } from '../../data/paint.js'
import type { ViewArea } from '../../data/view-area.js'
import { shortNameOf } from '../describe-area.js'
import { fillOf, styleOf } from './palette.js'

/** The part of the column that is shown. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface OverviewDrawing {
  readonly width: number
  readonly height: number
  readonly layout: OverviewLayout
  readonly span: Span
  readonly filter: Kind | null
  readonly selected: ViewArea | undefined
  readonly pageSize: number
}

const LEFT = 4
/** Rows of the screen that an area must have for its name to be written. */
const NAMED = 12

/** Draws the column: one rectangle an area, and where several share a row of the screen, one for the largest of them. */
export function drawOverview(
  context: CanvasRenderingContext2D,
  { width, height, layout, span, filter, selected, pageSize }: OverviewDrawing,
): void {
  const { areas, tops, bottoms } = layout
  const scale = height / (span.to - span.from)
  const ink = styleOf('--ink')
  const faint = styleOf('--faint')
  const bar = Math.min(width * 0.4, 110)
  context.font = `11px ${styleOf('--font')}`
  context.textBaseline = 'middle'
  let drawn = Number.NEGATIVE_INFINITY
  let index = areaAtPlace(layout, span.from)
  while (index < areas.length && tops[index]! < span.to) {
    const top = (tops[index]! - span.from) * scale
    let bottom = (bottoms[index]! - span.from) * scale
    let shown = areas[index]!
    let next = index + 1
    if (bottom - top < 1) {
      // Everything that ends in this row of the screen is one rectangle of one row.
      const row = Math.floor(Math.max(top, drawn)) + 1
      next = Math.max(areaAtPlace(layout, span.from + row / scale), index + 1)
      for (let at = index; at < Math.min(next, index + 32); at++) {
        const area = areas[at]!
        const isWanted = filter === null || area.kind === filter
        if (isWanted && area.endPage - area.startPage > shown.endPage - shown.startPage) shown = area
      }
      bottom = Math.max(row, top + 1)
    } else if (index > 0 && tops[index]! > bottoms[index - 1]!) {
      const gapTop = (bottoms[index - 1]! - span.from) * scale
      if (top - gapTop >= NAMED) {
        const gap = (areas[index]!.startPage - areas[index - 1]!.endPage) * pageSize
        context.fillStyle = faint
        context.fillText(`⋮ gap ${byteSize(gap)}`, LEFT + 6, (top + gapTop) / 2)
      }
    }
    context.globalAlpha = filter !== null && shown.kind !== filter ? 0.15 : 1
    const tall = Math.max(bottom - top - (bottom - top > 4 ? 1 : 0), 1)
    context.fillStyle = fillOf(context, KIND_PAINT[shown.kind])
    context.fillRect(LEFT, top, bar, tall)
    drawResident(context, shown, pageSize, LEFT + bar + 3, top, tall, ink)
    if (tall >= NAMED) {
      context.fillStyle = ink
      const size = byteSize((shown.endPage - shown.startPage) * pageSize)
      const text = `${shortNameOf(shown)}  ${size}`
      context.save()
      context.beginPath()
      context.rect(LEFT + bar + 12, top, width - bar - 16, tall)
      context.clip()
      context.fillText(text, LEFT + bar + 14, Math.max(top, 0) + Math.min(tall, 16) / 2 + 1)
      context.restore()
    }
    drawn = bottom
    index = next
  }
  context.globalAlpha = 1
  if (selected !== undefined) outline(context, layout, selected, span.from, scale, bar)
}

/** How much of an area is in memory: a thin bar beside it. Nothing is drawn where it is not known. */
function drawResident(
  context: CanvasRenderingContext2D,
  { usage, startPage, endPage }: ViewArea,
  pageSize: number,
  left: number,
  top: number,
  tall: number,
  ink: string,
): void {
  const { rss } = usage
  if (rss === undefined || rss === null || tall < 3) return
  const part = Math.min(rss / ((endPage - startPage) * pageSize), 1)
  context.fillStyle = ink
  context.globalAlpha *= 0.15
  context.fillRect(left, top, 6, tall)
  context.globalAlpha /= 0.15
  context.globalAlpha *= 0.7
  context.fillRect(left, top + tall * (1 - part), 6, tall * part)
  context.globalAlpha /= 0.7
}

function outline(
  context: CanvasRenderingContext2D,
  layout: OverviewLayout,
  selected: ViewArea,
  from: number,
  scale: number,
  bar: number,
): void {
  let low = 0
  let high = layout.areas.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (layout.areas[middle]!.startPage < selected.startPage) low = middle + 1
    else high = middle
  }
  if (layout.areas[low] !== selected) return
  const top = (layout.tops[low]! - from) * scale
  const bottom = (layout.bottoms[low]! - from) * scale
  context.strokeStyle = styleOf('--focus')
  context.lineWidth = 2
  context.strokeRect(LEFT - 2, top - 2, bar + 14, Math.max(bottom - top, 1) + 3)
}
