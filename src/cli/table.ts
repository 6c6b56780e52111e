import { paint } from './paint.js'

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

/**
 * Lays out rows under their titles, one by one, so that the first is out before the last is made: widths are those of all the rows.
 */
export function* table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = outputWidth(),
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
  yield paint('bold', line(columns.map(({ title }) => title)))
  for (const row of rows) yield line(row)

  function line(row: readonly string[]): string {
    let text = ''
    for (const index of shown) {
      const cell = row[index]!
      const { align, rest } = columns[index]!
      if (rest) text += cutLeft(cell, room)
      else text += `${align === 'right' ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)} `
    }
    return text.trimEnd()
  }
}

/** The text in at most `room` columns, with an ellipsis for what was cut. */
function cutLeft(text: string, room: number): string {
  return text.length <= room ? text : `…${text.slice(text.length - room + 1)}`
}
