import { type Colour, paint } from './paint.js'

/** A column of a table of text. */
export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Left out altogether where every row is blank. */
  readonly optional?: boolean
  /** Gets what room is left, and is cut from the left: the end of a path tells more. */
  readonly rest?: boolean
}

/** How wide the output may be: the terminal's width, and without bounds in a pipe. */
export function outputWidth(): number {
  return process.stdout.isTTY ? Math.max(process.stdout.columns || 80, 40) : Number.POSITIVE_INFINITY
}

/** How a table is laid out and painted. */
export interface TableStyle {
  readonly width?: number
  /** The colour of a cell, by the places of its row and column. */
  colour?(row: number, column: number): Colour | undefined
}

/**
 * Lays out rows under their titles, one by one, so that the first is out before the last is made: widths are those of all the rows.
 */
export function* table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width = outputWidth(), colour = () => undefined }: TableStyle = {},
): Generator<string> {
  const shown = columns
    .map((_, index) => index)
    .filter((index) => !columns[index]!.optional || rows.some((row) => row[index] !== ''))
  const widths = columns.map(({ title }) => title.length)
  for (const row of rows) {
    for (const index of shown) if (row[index]!.length > widths[index]!) widths[index] = row[index]!.length
  }
  const taken = shown.reduce((sum, index) => sum + (columns[index]!.rest ? 0 : widths[index]! + 1), 0)
  const room = Math.max(width - taken, 8)
  yield paint(
    'bold',
    line(
      columns.map(({ title }) => title),
      () => undefined,
    ),
  )
  for (const [index, row] of rows.entries()) yield line(row, (column) => colour(index, column))

  function line(row: readonly string[], colourOf: (column: number) => Colour | undefined): string {
    let text = ''
    for (const index of shown) {
      const cell = row[index]!
      const { align, rest } = columns[index]!
      const padded = align === 'right' ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)
      const isLast = index === shown.at(-1)
      const fitted = rest ? cutLeft(cell, room).padEnd(isLast ? 0 : Math.min(widths[index]!, room)) : padded
      const painted = colourOf(index)
      text += painted === undefined || cell === '' ? fitted : paint(painted, fitted)
      if (!isLast) text += ' '
    }
    return text.trimEnd()
  }
}

/** The text in at most `room` columns, with an ellipsis for what was cut. */
function cutLeft(text: string, room: number): string {
  return text.length <= room ? text : `…${text.slice(text.length - room + 1)}`
}
