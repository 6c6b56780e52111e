import type { PageSource } from '#vmarea/guests.js'
import { patternOf } from './monitor.js'

/** A source of the program's own, of so many base pages as monitor.c expects them. */
export function memoryObject(pages: number, more: Partial<PageSource> = {}): PageSource {
  const bytes = patternOf(pages)
  return {
    size: bytes.length,
    read: (offset, target) => target.set(bytes.subarray(offset, offset + target.length)),
    ...more,
  }
}
