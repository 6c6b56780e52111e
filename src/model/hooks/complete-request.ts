import { foreignPage } from '../../paging/foreign-page.js'
import type { PageWaiter } from '../../paging/page-waiter.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { mapFilePages } from '../pages/map-file-pages.js'
import { Page } from '../structs/page.js'
import { PTE } from '../structs/pte.js'
import { AccessWaiter } from './access-waiter.js'
import type { DeviceRequest } from './device-request.js'
import type { Driver } from './driver.js'

/** Puts the answer of a driver into the page cache and the page tables of the waiters. Throws the error that prevents it. */
export function completeRequest(driver: Driver, request: DeviceRequest, waiters: readonly PageWaiter[]): void {
  const { answered } = request
  if (request.firstWrite) for (const waiter of waiters) allowWrite(driver, waiter as AccessWaiter)
  else if (answered !== undefined) mapDriverPage(driverPage(answered), request, waiters)
  else if (!request.isInserted) enterPages(driver, request, waiters)
}

/** The address may no longer map the page: then the access faults again. */
function allowWrite(driver: Driver, { access: { mm, number, offset, page } }: AccessWaiter): void {
  const bits = mm.tables.bits(number)
  if (!(bits & PTE.PRESENT) || page === undefined || mm.tables.page(number) !== page) return
  driver.noteWrite(offset, page)
  mm.tables.setBits(number, bits | PTE.WRITE)
}

function driverPage(answered: unknown): Page {
  if (answered instanceof Page && answered.references > 0 && !answered.orphaned && answered.kind !== 'anonymous') {
    return answered
  }
  throw foreignPage('fault')
}

/** The answer is for the requested page: a waiter for another page of the run faults again. */
function mapDriverPage(page: Page, request: DeviceRequest, waiters: readonly PageWaiter[]): void {
  for (const waiter of waiters) {
    if (!(waiter instanceof AccessWaiter) || waiter.offset !== request.offset) continue
    const { vma, access } = waiter
    if (vma !== undefined) mapFilePages(vma, access.number, access.number + 1, () => page)
  }
}

function enterPages(driver: Driver, request: DeviceRequest, waiters: readonly PageWaiter[]): void {
  const { inode, counters, resident } = driver
  const { pageSize } = inode.machine
  const { offset, length } = request
  const bytes = request.hasBytes ? request.bytes : undefined
  if (bytes !== undefined && bytes.length !== length) {
    throw new VmError('EINVAL', 'fault', { hint: 'the driver transferred the buffer of fault.bytes away' })
  }
  counters.countFilled(length)
  resident?.touch(offset, length)
  for (let at = 0; at < length; at += pageSize) {
    inode.pages.set((offset + at) / pageSize, new Page('file', pageSize, 1, bytes?.subarray(at, at + pageSize)))
  }
  for (const waiter of waiters) {
    if (!(waiter instanceof AccessWaiter)) driver.showEverywhere(offset, length)
    else if (waiter.vma !== undefined) driver.show(waiter.vma, offset, length)
  }
}
