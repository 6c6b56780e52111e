/** A name as it may stand in a line of a terminal: control characters, which a file's name may hold, are escaped. */
export function printable(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is to be escaped
  return name.replace(/[\u0000-\u001f\u007f-\u009f\\]/g, (character) => {
    if (character === '\\') return '\\\\'
    if (character === '\n') return '\\n'
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
