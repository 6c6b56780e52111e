/** Characters that are written at once: a call for each of many lines costs more than the lines. */
const CHUNK = 1 << 14

/** Writes lines to the standard output, in large pieces. */
export function writeLines(lines: Iterable<string>): void {
  let text = ''
  for (const line of lines) {
    text += `${line}\n`
    if (text.length < CHUNK) continue
    process.stdout.write(text)
    text = ''
  }
  if (text !== '') process.stdout.write(text)
}
