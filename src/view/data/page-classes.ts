import { PAGE_STATE } from '../../vocabulary/page-state.js'
import type { WirePages } from './wire-pages.js'

/** How a page is, as one word; the order is that of the legend, and its places are the values in the array of {@link classesOf}. */
export const PAGE_CLASSES = [
  'absent',
  'present',
  'file',
  'zero',
  'huge',
  'swapped',
  'guard',
  'write-protected',
  'unknown',
] as const

export type PageClass = (typeof PAGE_CLASSES)[number]

/** What each word means. */
export const PAGE_CLASS_MEANINGS: Readonly<Record<PageClass, string>> = {
  absent: 'mapped and not there: nothing has touched it, or it was given up',
  present: 'in memory, its own',
  file: 'in memory, a page of a file or of shared memory',
  zero: 'the page of zeros that all share: it was read and never written',
  huge: 'part of a huge page',
  swapped: 'in swap',
  guard: 'a guard page: each access is a fault',
  'write-protected': 'write-protected by a userfaultfd',
  unknown: 'not known',
}

/** The class of each page in `[startPage, endPage)`. A page in no run is unknown. */
export function classesOf({ runs }: WirePages, startPage: number, endPage: number): Uint8Array {
  const classes = new Uint8Array(Math.max(endPage - startPage, 0)).fill(PAGE_CLASSES.indexOf('unknown'))
  for (let at = 0; at + 3 <= runs.length; at += 3) {
    const from = Math.max(runs[at]!, startPage)
    const to = Math.min(runs[at]! + runs[at + 1]!, endPage)
    if (from < to) classes.fill(PAGE_CLASSES.indexOf(classOf(runs[at + 2]!)), from - startPage, to - startPage)
  }
  return classes
}

function classOf(state: number): PageClass {
  if (state & PAGE_STATE.GUARD) return 'guard'
  if (state & PAGE_STATE.SWAPPED) return 'swapped'
  if (!(state & PAGE_STATE.PRESENT)) return 'absent'
  if (state & PAGE_STATE.WRITE_PROTECTED) return 'write-protected'
  if (state & PAGE_STATE.HUGE) return 'huge'
  if (state & PAGE_STATE.ZERO) return 'zero'
  return state & PAGE_STATE.FILE ? 'file' : 'present'
}

/** How many pages of each class there are in `[from, to)` of the classes. */
export function countClasses(classes: Uint8Array, from: number, to: number): Uint32Array {
  const counts = new Uint32Array(PAGE_CLASSES.length)
  const end = Math.min(to, classes.length)
  for (let at = from; at < end; at++) counts[classes[at]!]!++
  return counts
}
