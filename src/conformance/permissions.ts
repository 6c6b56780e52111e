import type { Process } from '../process.js'

/**
 * The permissions of the areas in `[from, to)`, a page an element, as /proc/PID/maps writes them, and `''` where nothing is mapped.
 * By page, because an area of the range may have merged with a neighbour outside.
 */
export function permissions(process: Process, from: bigint, to: bigint): string[] {
  using user = process.mm.mmgetNotZero()!
  using guard = user.mmapReadLock()
  const pages: string[] = []
  for (let at = from; at < to; at += BigInt(process.pageSize)) {
    const area = guard.vmaLookup(at)
    pages.push(
      area === undefined
        ? ''
        : `${area.readable ? 'r' : '-'}${area.writable ? 'w' : '-'}${area.executable ? 'x' : '-'}${area.shared ? 's' : 'p'}`,
    )
  }
  return pages
}
