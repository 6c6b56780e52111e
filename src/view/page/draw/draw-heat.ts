import type { HeatMap } from '../../data/heat-map.js'
import { styleOf } from './palette.js'

export interface HeatDrawing {
  readonly width: number
  readonly height: number
  readonly map: HeatMap
  /** The height of the markers of layout changes, below the cells. */
  readonly markers: number
  /** The moment that is shown, from 0 to 1. */
  readonly now: number
  /** The moment that it is compared with. */
  readonly from: number | undefined
}

/** Draws what came into memory (whole cells) and what went from it (the lower halves), and below it where the layout changed. */
export function drawHeat(
  context: CanvasRenderingContext2D,
  { width, height, map, markers, now, from }: HeatDrawing,
): void {
  const { columns, rows, came, went, layouts, most } = map
  const across = width / columns
  const tall = height - markers
  const down = tall / rows
  const strength = (bytes: number) => 0.2 + 0.8 * (Math.log2(1 + bytes) / Math.log2(1 + Math.max(most, 1)))
  if (from !== undefined) {
    context.fillStyle = styleOf('--range')
    context.fillRect(from * width, 0, (now - from) * width, height)
  }
  const [comes, goes, ink] = [styleOf('--came'), styleOf('--went'), styleOf('--ink')]
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const cell = column * rows + row
      const left = column * across
      const top = row * down
      if (came[cell]! > 0) {
        context.globalAlpha = strength(came[cell]!)
        context.fillStyle = comes
        context.fillRect(left, top, Math.max(across - 0.5, 1), Math.max(down - 0.5, 1))
      }
      if (went[cell]! > 0) {
        context.globalAlpha = strength(went[cell]!)
        context.fillStyle = goes
        context.fillRect(left, top + down / 2, Math.max(across - 0.5, 1), Math.max(down / 2, 1))
      }
    }
    if (layouts[column]! > 0) {
      context.globalAlpha = 0.8
      context.fillStyle = ink
      const size = Math.min(2 + Math.log2(layouts[column]!), markers)
      context.fillRect(column * across, height - size, Math.max(across - 0.5, 1), size)
    }
  }
  context.globalAlpha = 1
  context.fillStyle = styleOf('--focus')
  context.fillRect(Math.min(now * width, width - 2), 0, 2, height)
}
