/**
 * One row for each work from the rows of several runs: the one whose ratio is the median, or whose figure is where there is no ratio, with
 * `spread`, the lowest and the highest of these.
 */
export function medianRows(runs) {
  if (runs.length === 1) return runs[0]
  return runs[0].map(({ work }) => {
    const rows = runs.flatMap((run) => run.filter((row) => row.work === work))
    rows.sort((one, other) => figureOf(one) - figureOf(other))
    const spread = [rows[0], rows.at(-1)].map((row) => figureOf(row).toFixed(2)).join(' to ')
    return { ...rows[Math.floor(rows.length / 2)], spread }
  })
}

/** A ratio in words, as one of two floors, begins with a number. */
function figureOf({ ratio, measured }) {
  return Number.parseFloat(ratio ?? measured)
}
