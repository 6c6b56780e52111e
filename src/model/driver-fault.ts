import { FAULT } from './fault-code.js'
import type { Page } from './page.js'
import type { Vma } from './vma.js'

/** Asks a driver for the page at `pgoff` of its device (filled in below). */
export function driverFault(_vma: Vma, _number: number, _pgoff: number, _write: boolean): Page | number {
  return FAULT.NO_PAGE
}
