import { isColourful } from './is-colourful.js'

const CODES = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
} as const

export type Colour = keyof typeof CODES

/** Colours text on a terminal; leaves it alone in a pipe, under NO_COLOR, and on a terminal that has none. */
export function paint(colour: Colour, text: string): string {
  if (text === '' || !isColourful()) return text
  const [on, off] = CODES[colour]
  return `\u001b[${on}m${text}\u001b[${off}m`
}
