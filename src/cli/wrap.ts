/** Breaks text between words so that no line is wider than `room`; a word that is wider stands alone. */
export function wrap(text: string, room: number, separator = ' '): string[] {
  const lines: string[] = []
  for (const word of text.split(separator)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + separator.length + word.length <= room)
      lines[lines.length - 1] = `${last}${separator}${word}`
    else lines.push(word)
  }
  return lines
}
