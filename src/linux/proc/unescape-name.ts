const BACKSLASH = 92
const NEWLINE = 10
/** `\012`: the one escape that the kernel makes in a name (`seq_path` with `"\n"`). It leaves a backslash as it is. */
const ESCAPED_NEWLINE = [BACKSLASH, 0x30, 0x31, 0x32] as const

/** Whether the name, as maps has it, could be two names: one with a newline, one with a backslash and `012`. */
export function isAmbiguousName(name: Uint8Array): boolean {
  return nextEscape(name, 0) >= 0
}

/** The name with every `\012` read as a newline: the more likely of its readings, for a kernel without the query. */
export function unescapeName(name: Uint8Array): Uint8Array {
  const parts: number[] = []
  let at = 0
  for (let place = nextEscape(name, at); place >= 0; place = nextEscape(name, at)) {
    parts.push(...name.subarray(at, place), NEWLINE)
    at = place + ESCAPED_NEWLINE.length
  }
  return Uint8Array.from([...parts, ...name.subarray(at)])
}

function nextEscape(name: Uint8Array, from: number): number {
  let at = name.indexOf(BACKSLASH, from)
  while (at >= 0 && !ESCAPED_NEWLINE.every((byte, index) => name[at + index] === byte)) {
    at = name.indexOf(BACKSLASH, at + 1)
  }
  return at
}
