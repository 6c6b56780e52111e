const SUFFIX = ' (deleted)'
const decoder = new TextDecoder()

/** A name as a string, and without its suffix where it may be that of an unlinked file. */
export interface Path {
  readonly text: string
  /** The text without the ` (deleted)` that the kernel puts behind the name of an unlinked file; nothing where it has none. */
  readonly withoutDeleted: string | undefined
}

const NO_PATH: Path = { text: '', withoutDeleted: undefined }
let lastBytes: Uint8Array | undefined
let lastPath = NO_PATH

/** The path of a raw name. Bytes that are not UTF-8 become U+FFFD: use the bytes where the exact name matters. */
export function pathOf(bytes: Uint8Array): Path {
  if (bytes.length === 0) return NO_PATH
  // Neighbouring areas mostly have the same name, and a listing gives it as the same array.
  if (bytes === lastBytes) return lastPath
  const text = decoder.decode(bytes)
  lastPath = { text, withoutDeleted: text.endsWith(SUFFIX) ? text.slice(0, -SUFFIX.length) : undefined }
  lastBytes = bytes
  return lastPath
}
