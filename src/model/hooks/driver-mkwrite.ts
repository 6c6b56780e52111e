import { FAULT_RESULT } from '../structs/fault-result.js'
import type { Page } from '../structs/page.js'
import type { Vma } from '../structs/vma.js'
import { AccessWaiter } from './access-waiter.js'
import { DeviceRequest } from './device-request.js'
import { Driver } from './driver.js'
import { ModelArea } from './model-area.js'

/**
 * `do_page_mkwrite`, and `wp_pfn_shared` for a bare frame number: asks a driver whether a present page of a shared area may be written, and
 * notes the write for a driver that takes it back.
 * `DONE` where it may. A hook that answers later makes the access wait and retry.
 */
export function driverMkwrite(vma: Vma, number: number, page: Page, pfn: boolean): number {
  const { mm, file, start, pgoff } = vma
  const driver = Driver.of(file?.inode)
  const asks = driver?.operations[pfn ? 'pfnMkwrite' : 'pageMkwrite'] !== undefined
  if (driver === undefined || (!asks && (pfn || driver.writeBacks === undefined))) return FAULT_RESULT.DONE
  const { requests, state, counters } = driver
  if (state.name === 'restarting') {
    mm.waitsFor = state.over
    return FAULT_RESULT.WAITS
  }
  counters.countFault()
  const offset = (pgoff + number - start / mm.pageSize) * mm.pageSize
  const access = { area: ModelArea.of(vma), mm, number, offset, write: true, page }
  const waiter = new AccessWaiter(driver, access)
  const pending = requests.joinable(offset, true)
  if (state.name === 'ended') requests.refuse(waiter, state.error, offset + mm.pageSize)
  else if (!asks) {
    driver.noteWrite(offset, page)
    return FAULT_RESULT.DONE
  } else if (pending !== undefined) requests.join(pending, waiter)
  else requests.request(DeviceRequest.firstWrite(access, offset, page, pfn), waiter)
  return waiter.result()
}
