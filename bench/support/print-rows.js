/** Prints rows of `{ work, measured, floor, ratio, target }` as a table; of several runs, `spread` as well. */
export function printRows(rows) {
  const columns = ['work', 'measured', 'floor', 'ratio', 'spread', 'target'].filter(
    (column) => column !== 'spread' || rows.some((row) => row.spread !== undefined),
  )
  const cells = rows.map((row) => columns.map((column) => format(row[column])))
  const widths = columns.map((column, index) => Math.max(column.length, ...cells.map((row) => row[index].length)))
  for (const row of [columns, ...cells]) {
    console.log(
      `  ${row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[index]))).join('  ')}`,
    )
  }
  console.log()
}

function format(value) {
  if (value === undefined || value === null) return ''
  return typeof value === 'number' ? value.toFixed(2) : String(value)
}
