import { VmError } from '../../vocabulary/vm-error.js'
import type { Driver } from './driver.js'

/** How many questions of one call are in flight at a time. */
const atOnce = 8

/**
 * Has pages `[first, last)` of a device brought into memory. Rejects with the error of the first of them that can't be had, when all were
 * tried. After an abort nothing more is asked.
 */
export async function fetchRange(
  driver: Driver,
  first: number,
  last: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const failures: { readonly offset: number; readonly error: VmError }[] = []
  const waiting = new Set<Promise<void>>()
  const { generation, inode } = driver
  for (let pgoff = first; pgoff < last && !signal?.aborted; ) {
    await driver.beginning
    if (driver.ended !== undefined) throw driver.ended
    if (inode.pages.has(pgoff)) {
      pgoff++
      continue
    }
    if (driver.operations.fault === undefined) {
      throw new VmError('ENODEV', 'fill', { hint: 'the driver has no fault hook: its pages come with its mmap hook' })
    }
    const ask = driver.asks.get(pgoff) ?? driver.prefetch(pgoff, last)
    const { offset } = ask
    // A page of the driver's own is one alone.
    pgoff = ask.page === undefined ? (offset + ask.length) / inode.machine.pageSize : pgoff + 1
    if (!ask.ended) {
      const settled = ask.promise.then((error) => {
        waiting.delete(settled)
        if (error !== undefined) failures.push({ offset, error })
      })
      waiting.add(settled)
      if (waiting.size >= atOnce) await Promise.race(waiting)
    } else if (ask.error !== undefined) {
      failures.push({ offset, error: ask.error })
    }
  }
  await Promise.all(waiting)
  // Whoever was asked before other hooks took over has given nothing.
  await driver.beginning
  if (driver.generation !== generation) return fetchRange(driver, first, last, signal)
  const [earliest] = failures.sort((one, other) => one.offset - other.offset)
  if (earliest !== undefined) throw earliest.error
}
