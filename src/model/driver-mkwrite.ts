import { FAULT } from './fault-code.js'
import type { Page } from './page.js'
import type { Vma } from './vma.js'

/** Asks a driver whether a page of a shared area may be written (filled in below). */
export function driverMkwrite(_vma: Vma, _number: number, _page: Page): number {
  return FAULT.DONE
}
