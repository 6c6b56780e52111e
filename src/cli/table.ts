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

/** Of rows that are made one by one, this many are laid out together. */
const PART = 256

/** The columns that are shown, with their widths. */
interface Layout {
  readonly shown: readonly number[]
  readonly widths: readonly number[]
}

/**
 * Lays out rows under their titles. Rows of an array are all as wide as the widest. Of rows that are made one by one, the first are out
 * before the last are made: where a later part requires wider columns or another column, the titles come again above it.
 */
export function* table(
  columns: readonly Column[],
  rows: Iterable<readonly string[]>,
  { width = outputWidth(), colour = () => undefined }: TableStyle = {},
): Generator<string> {
  let layout: Layout | undefined
  let first = 0
  for (const part of partsOf(rows)) {
    const next = widened(layout, columns, part)
    const lineOf = lineIn(next, columns, width)
    if (layout === undefined || !hasRoomOf(layout, next, columns)) {
      yield paint(
        'bold',
        lineOf(
          columns.map(({ title }) => title),
          () => undefined,
        ),
      )
    }
    for (const [index, row] of part.entries()) yield lineOf(row, (column) => colour(first + index, column))
    first += part.length
    layout = next
  }
}

/** The rows of an array together, others in parts. At least one part, which may be empty. */
function* partsOf(rows: Iterable<readonly string[]>): Generator<readonly (readonly string[])[]> {
  if (Array.isArray(rows)) return yield rows
  let part: (readonly string[])[] = []
  let isFirst = true
  for (const row of rows) {
    if (part.length === PART) {
      yield part
      part = []
      isFirst = false
    }
    part.push(row)
  }
  if (isFirst || part.length > 0) yield part
}

/** The layout that has room for further rows. */
function widened(layout: Layout | undefined, columns: readonly Column[], rows: readonly (readonly string[])[]): Layout {
  const shown = columns
    .map((_, index) => index)
    .filter(
      (index) => !columns[index]!.optional || layout?.shown.includes(index) || rows.some((row) => row[index] !== ''),
    )
  const widths = layout === undefined ? columns.map(({ title }) => title.length) : [...layout.widths]
  for (const row of rows) {
    for (const index of shown) if (row[index]!.length > widths[index]!) widths[index] = row[index]!.length
  }
  return { shown, widths }
}

/** Whether lines of the second layout stand right under the titles of the first: the last column of text may be of any width. */
function hasRoomOf(one: Layout, other: Layout, columns: readonly Column[]): boolean {
  const last = other.shown.at(-1)
  return (
    one.shown.length === other.shown.length &&
    other.shown.every(
      (index) => one.widths[index] === other.widths[index] || (index === last && columns[index]!.align !== 'right'),
    )
  )
}

/** Makes a line of the cells of a row. */
function lineIn({ shown, widths }: Layout, columns: readonly Column[], width: number) {
  const taken = shown.reduce((sum, index) => sum + (columns[index]!.rest ? 0 : widths[index]! + 1), 0)
  const room = Math.max(width - taken, 8)
  const last = shown.at(-1)
  return (row: readonly string[], colourOf: (column: number) => Colour | undefined): string => {
    let text = ''
    for (const index of shown) {
      const cell = row[index]!
      const { align, rest } = columns[index]!
      const padded = align === 'right' ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)
      const isLast = index === last
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
