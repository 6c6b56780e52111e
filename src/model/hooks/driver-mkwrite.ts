import { FAULT_RESULT } from '../structs/fault-result.js'
import type { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import type { Vma } from '../structs/vma.js'
import { Driver } from './driver.js'
import { ModelArea } from './model-area.js'
import { PageRequest } from './page-request.js'

/**
 * `do_page_mkwrite`, and `wp_pfn_shared` for a page by its frame number alone: asks a driver whether a page of a shared area, which is
 * there, may be written. One that answers later makes the access wait, and tries it again.
 */
export function driverMkwrite(vma: Vma, number: number, page: Page, pfn: boolean): number {
  const { mm, file } = vma
  const driver = Driver.of(file?.inode)
  const hook = pfn ? 'pfnMkwrite' : 'pageMkwrite'
  if (driver?.operations[hook] === undefined) return FAULT_RESULT.DONE
  if (driver.ended !== undefined) {
    driver.refuse()
    mm.driverError = driver.ended
    return FAULT_RESULT.NO_PAGE
  }
  if (driver.beginning !== undefined) {
    mm.waitsFor = driver.beginning
    return FAULT_RESULT.WAITS
  }
  const asked = driver.writes.get(page)
  if (asked !== undefined) {
    mm.waitsFor = asked.promise
    return FAULT_RESULT.WAITS
  }
  const offset = (vma.pgoff + number - vma.start / mm.pageSize) * mm.pageSize
  const about = { area: ModelArea.of(vma), address: BigInt(number * mm.pageSize), write: true }
  const ask = new WriteAsk(about, offset, mm.pageSize, page.bytes)
  mm.readers++
  try {
    driver.makeWritable(ask, page, hook, () => {
      // It may have gone meanwhile.
      const bits = mm.tables.bits(number)
      if (bits & PTE.PRESENT && mm.tables.page(number) === page) mm.tables.setBits(number, bits | PTE.WRITE)
    })
  } finally {
    mm.readers--
  }
  if (!ask.ended) {
    mm.waitsFor = ask.promise
    return FAULT_RESULT.WAITS
  }
  if (ask.error === undefined) return FAULT_RESULT.DONE
  mm.driverError = ask.error
  return FAULT_RESULT.NO_PAGE
}

class WriteAsk extends PageRequest {
  override answer(): void {
    throw new TypeError('a page_mkwrite hook has its page already')
  }
}
