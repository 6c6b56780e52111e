import { addon } from '../../../linux/addon/addon.js'

/** Pages that are examined at once. */
const ROOM = 512

/** Which of the pages of shared memory at the address are in their file, as runs: the first page's index and how many. */
export function* pagesInFile(
  address: number,
  count: number,
  pageSize: number,
): Generator<{ readonly page: number; readonly count: number }> {
  const present = new Uint8Array(Math.min(ROOM, count))
  for (let from = 0; from < count; from += ROOM) {
    const most = Math.min(ROOM, count - from)
    if (addon().mincore(address + from * pageSize, most * pageSize, present) !== 0) return
    for (let page = 0; page < most; ) {
      const first = page
      while (page < most && (present[page]! & 1) !== 0) page++
      if (page > first) yield { page: from + first, count: page - first }
      else page++
    }
  }
}
