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

/** What was drawn of a map, and for which size and colours. */
interface Layer {
  readonly key: string
  readonly canvas: HTMLCanvasElement
}

const layers = new WeakMap<HeatMap, Layer>()

/** Draws what came into memory (whole cells) and what went from it (the lower halves), and below it where the layout changed. */
export function drawHeat(context: CanvasRenderingContext2D, drawing: HeatDrawing): void {
  const { width, height, now, from } = drawing
  if (from !== undefined) {
    context.fillStyle = styleOf('--range')
    context.fillRect(from * width, 0, (now - from) * width, height)
  }
  context.drawImage(layerOf(context, drawing), 0, 0, width, height)
  context.fillStyle = styleOf('--focus')
  context.fillRect(Math.min(now * width, width - 2), 0, 2, height)
}

/** The map without what moves over it. It has thousands of cells, and a step through time must not draw them again. */
function layerOf(context: CanvasRenderingContext2D, drawing: HeatDrawing): HTMLCanvasElement {
  const { width, height } = context.canvas
  const colours = ['--came', '--went', '--ink'].map(styleOf)
  const key = [width, height, ...colours].join(' ')
  const known = layers.get(drawing.map)
  if (known?.key === key) return known.canvas
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  const layer = canvas.getContext('2d')!
  layer.setTransform(context.getTransform())
  drawCells(layer, drawing, colours)
  layers.set(drawing.map, { key, canvas })
  return canvas
}

function drawCells(
  context: CanvasRenderingContext2D,
  { width, height, map, markers }: HeatDrawing,
  [comes, goes, ink]: readonly string[],
): void {
  const { columns, rows, came, went, layouts, most } = map
  const across = width / columns
  const down = (height - markers) / rows
  const strength = (bytes: number) => 0.2 + 0.8 * (Math.log2(1 + bytes) / Math.log2(1 + Math.max(most, 1)))
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++) {
      const cell = column * rows + row
      const left = column * across
      const top = row * down
      if (came[cell]! > 0) {
        context.globalAlpha = strength(came[cell]!)
        context.fillStyle = comes!
        context.fillRect(left, top, Math.max(across - 0.5, 1), Math.max(down - 0.5, 1))
      }
      if (went[cell]! > 0) {
        context.globalAlpha = strength(went[cell]!)
        context.fillStyle = goes!
        context.fillRect(left, top + down / 2, Math.max(across - 0.5, 1), Math.max(down / 2, 1))
      }
    }
    if (layouts[column]! > 0) {
      context.globalAlpha = 0.8
      context.fillStyle = ink!
      const size = Math.min(2 + Math.log2(layouts[column]!), markers)
      context.fillRect(column * across, height - size, Math.max(across - 0.5, 1), size)
    }
  }
}
