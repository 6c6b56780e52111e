import { hookError } from '../../kernel/hook-error.js'
import { FAULT_RESULT } from '../structs/fault-result.js'
import { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import type { Vma } from '../structs/vma.js'
import { Driver } from './driver.js'
import { ModelArea } from './model-area.js'
import type { PageRequest } from './page-request.js'

/**
 * `__do_fault` on a driver's memory: the page at `pgoff` of the device, from memory or from its `fault` hook. Without a hook there is
 * none (`SIGBUS`); one that answers later makes the access wait.
 */
export function driverFault(vma: Vma, number: number, pgoff: number, write: boolean): Page | number {
  const { mm, file } = vma
  const { inode } = file!
  const driver = Driver.of(inode)!
  if (pgoff >= inode.length) return FAULT_RESULT.NO_PAGE
  const cached = driver.cached(pgoff)
  if (cached !== undefined) return cached
  if (driver.ended !== undefined) {
    driver.refuse()
    mm.driverError = driver.ended
    return FAULT_RESULT.NO_PAGE
  }
  if (driver.operations.fault === undefined) return FAULT_RESULT.NO_PAGE
  if (driver.beginning !== undefined) {
    mm.waitsFor = driver.beginning
    return FAULT_RESULT.WAITS
  }
  const asked = driver.asks.get(pgoff)
  if (asked !== undefined) return answerOf(vma, asked, pgoff)
  const isThere = () => (mm.tables.bits(number) & PTE.PRESENT) !== 0
  let ask: PageRequest
  mm.readers++
  try {
    const about = { area: ModelArea.of(vma), address: BigInt(number * mm.pageSize), write, isThere }
    ask = driver.fault(about, pgoff)
  } finally {
    mm.readers--
  }
  // VM_FAULT_NOPAGE: the hook has put a page there itself.
  return ask.ended && isThere() ? FAULT_RESULT.DONE : answerOf(vma, ask, pgoff)
}

function answerOf({ mm, file }: Vma, ask: PageRequest, pgoff: number): Page | number {
  const { inode } = file!
  if (!ask.ended) {
    mm.waitsFor = ask.promise
    return FAULT_RESULT.WAITS
  }
  if (ask.error !== undefined) {
    mm.driverError = ask.error
    return FAULT_RESULT.NO_PAGE
  }
  const driver = Driver.of(inode)!
  driver.asks.delete(pgoff)
  const { page } = ask
  if (page === undefined) return inode.page(pgoff)
  if (page instanceof Page && page.references > 0 && !page.orphaned && page.kind !== 'anonymous') return page
  driver.refuse()
  mm.driverError = hookError(
    new TypeError('the fault hook answered with something that is no page of its own'),
    'fault',
  )
  return FAULT_RESULT.NO_PAGE
}
