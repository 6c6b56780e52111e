import type { Paint } from '../../data/paint.js'

const scheme = matchMedia('(prefers-color-scheme: dark)')
const made = new Map<string, CanvasPattern | string>()

/** Calls back when the system changes between light and dark. */
export function onSchemeChange(call: () => void): () => void {
  scheme.addEventListener('change', call)
  return () => scheme.removeEventListener('change', call)
}

/** The colour of a paint in the scheme of the system. */
export function colourOf(paint: Paint): string {
  return scheme.matches ? paint.dark : paint.light
}

/** What a canvas fills with for a paint. */
export function fillOf(context: CanvasRenderingContext2D, paint: Paint): CanvasPattern | string {
  const colour = colourOf(paint)
  if (paint.texture === 'plain') return colour
  const key = `${colour} ${paint.texture}`
  let fill = made.get(key)
  if (fill === undefined) {
    fill = context.createPattern(tile(colour, paint.texture), 'repeat') ?? colour
    made.set(key, fill)
  }
  return fill
}

/** A style of the page, as its sheet has it for the scheme of the system. */
export function styleOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function tile(colour: string, texture: Paint['texture']): HTMLCanvasElement {
  const canvas = document.createElement('canvas')
  canvas.width = 8
  canvas.height = 8
  const context = canvas.getContext('2d')!
  context.fillStyle = colour
  context.fillRect(0, 0, 8, 8)
  context.strokeStyle = scheme.matches ? 'rgb(0 0 0 / 45%)' : 'rgb(255 255 255 / 65%)'
  context.lineWidth = 1.5
  context.beginPath()
  if (texture === 'lines' || texture === 'cross') for (const x of [-8, 0, 8]) line(context, x, 8, x + 8, 0)
  if (texture === 'back' || texture === 'cross') for (const x of [-8, 0, 8]) line(context, x, 0, x + 8, 8)
  if (texture === 'rows' || texture === 'grid') line(context, 0, 4, 8, 4)
  if (texture === 'columns' || texture === 'grid') line(context, 4, 0, 4, 8)
  context.stroke()
  if (texture === 'dots') {
    context.fillStyle = context.strokeStyle
    context.fillRect(1, 1, 2, 2)
    context.fillRect(5, 5, 2, 2)
  }
  return canvas
}

function line(context: CanvasRenderingContext2D, x: number, y: number, toX: number, toY: number): void {
  context.moveTo(x, y)
  context.lineTo(toX, toY)
}
