const SUFFIX = ' (deleted)'
const decoder = new TextDecoder()

let lastBytes: Uint8Array | undefined
let lastPath = ''

/** The name as a string. Bytes that are no UTF-8 become U+FFFD: who needs the very name takes the bytes. */
export function pathOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return ''
  // Neighbours mostly have the same name, and a listing gives it as the same array.
  if (bytes === lastBytes) return lastPath
  lastPath = decoder.decode(bytes)
  lastBytes = bytes
  return lastPath
}

/** The name without the ` (deleted)` that the kernel puts behind that of an unlinked file. */
export function withoutDeleted(path: string): string {
  return path.endsWith(SUFFIX) ? path.slice(0, -SUFFIX.length) : path
}

/** Whether the name may be that of an unlinked file, so that it is worth asking. */
export function mayBeDeleted(path: string): boolean {
  return path.endsWith(SUFFIX)
}
