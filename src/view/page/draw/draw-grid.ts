import { countClasses, PAGE_CLASSES } from '../../data/page-classes.js'
import { CLASS_PAINT } from '../../data/paint.js'
import { colourOf, fillOf, styleOf } from './palette.js'

/** How pages are laid out in cells. */
export interface GridShape {
  readonly columns: number
  /** Pages a cell. */
  readonly each: number
  /** The first cell that is shown. */
  readonly first: number
}

export interface GridDrawing {
  readonly width: number
  readonly height: number
  readonly cell: number
  readonly classes: Uint8Array
  readonly shape: GridShape
  readonly selected: number
}

/** Draws the cells in sight. One that stands for several pages is filled from the bottom, each state in the proportion of its pages. */
export function drawGrid(
  context: CanvasRenderingContext2D,
  { height, cell, classes, shape, selected }: GridDrawing,
): void {
  const { columns, each, first } = shape
  const visible = Math.ceil(height / cell) * columns
  const fills = PAGE_CLASSES.map((name) => fillOf(context, CLASS_PAINT[name]))
  const edge = cell - 1
  for (let at = 0; at < visible; at++) {
    const from = (first + at) * each
    if (from >= classes.length) break
    const left = (at % columns) * cell
    const top = Math.floor(at / columns) * cell
    if (each === 1) {
      context.fillStyle = fills[classes[from]!]!
      context.fillRect(left, top, edge, edge)
      continue
    }
    const counts = countClasses(classes, from, from + each)
    const all = Math.min(each, classes.length - from)
    let bottom = top + edge
    for (let name = 1; name <= counts.length; name++) {
      const state = name % counts.length
      if (counts[state] === 0) continue
      // What there is of anything can be seen, be it one page of a thousand.
      const tall = Math.max((edge * counts[state]!) / all, 1)
      context.fillStyle = fills[state]!
      context.fillRect(left, Math.max(bottom - tall, top), edge, Math.min(tall, bottom - top))
      bottom -= tall
      if (bottom <= top) break
    }
  }
  const at = Math.floor(selected / each) - first
  if (at < 0 || at >= visible) return
  context.lineWidth = 2
  context.strokeStyle = colourOf(CLASS_PAINT.unknown)
  context.strokeRect((at % columns) * cell, Math.floor(at / columns) * cell, edge, edge)
  context.strokeStyle = styleOf('--focus')
  context.strokeRect((at % columns) * cell - 1, Math.floor(at / columns) * cell - 1, edge + 2, edge + 2)
}
