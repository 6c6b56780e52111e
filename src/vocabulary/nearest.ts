/** The candidate that is most similar to a misspelt name: few letters differ, or one begins with the other. `undefined` where none is. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const asked = name.toLowerCase()
  let best: string | undefined
  let least = Math.max(1, Math.floor(asked.length / 3)) + 1
  for (const candidate of candidates) {
    const lower = candidate.toLowerCase()
    const begins = asked.length >= 2 && lower.length >= 2 && (lower.startsWith(asked) || asked.startsWith(lower))
    const distance = Math.min(begins ? 1.5 : Number.POSITIVE_INFINITY, distanceOf(asked, lower))
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** Letters to insert, delete, replace or exchange with their neighbour. */
function distanceOf(from: string, to: string): number {
  const rows = Array.from({ length: from.length + 1 }, (_, row) => [row, ...Array<number>(to.length).fill(0)])
  for (let column = 0; column <= to.length; column++) rows[0]![column] = column
  for (let row = 1; row <= from.length; row++) {
    for (let column = 1; column <= to.length; column++) {
      const differs = from[row - 1] === to[column - 1] ? 0 : 1
      let least = Math.min(
        rows[row - 1]![column]! + 1,
        rows[row]![column - 1]! + 1,
        rows[row - 1]![column - 1]! + differs,
      )
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1])
        least = Math.min(least, rows[row - 2]![column - 2]! + 1)
      rows[row]![column] = least
    }
  }
  return rows[from.length]![to.length]!
}
