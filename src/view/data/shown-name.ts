/**
 * A name from a file or a process as it is shown. What would not be seen, or would change how its neighbours are seen (control
 * characters, marks of direction, separators of lines), is escaped.
 */
export function shownName(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}\\]/gu, (character) => {
    if (character === '\\') return '\\\\'
    if (character === '\n') return '\\n'
    const code = character.codePointAt(0)!.toString(16)
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`
  })
}
