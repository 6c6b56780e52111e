import { FAULT_RESULT } from '../structs/fault-result.js'
import { PTE } from '../structs/pte.js'
import type { Vma } from '../structs/vma.js'
import { AccessWaiter } from './access-waiter.js'
import { DeviceRequest } from './device-request.js'
import { Driver } from './driver.js'
import { ModelArea } from './model-area.js'

/** How many pages in memory one fault maps at most. */
const SHOWN_AROUND = 16

/**
 * `__do_fault` on a driver's memory: maps the device's page for page `number` of the address space, from memory or from the `fault` hook.
 * Returns `DONE` where the access should be retried. Without a hook there is no page (`SIGBUS`); a hook that answers later makes the
 * access wait.
 */
export function driverFault(vma: Vma, number: number, write: boolean): number {
  const { mm, file, start, pgoff } = vma
  const { inode } = file!
  const index = pgoff + number - start / mm.pageSize
  if (index >= inode.length) return FAULT_RESULT.NO_PAGE
  const driver = Driver.of(inode)!
  const { requests, state, counters } = driver
  const offset = index * mm.pageSize
  const pending = requests.joinable(offset)
  const isThere = pending === undefined && inode.pages.has(index)
  if (state.name === 'restarting' && !isThere) {
    mm.waitsFor = state.over
    return FAULT_RESULT.WAITS
  }
  counters.countFault()
  const waiter = new AccessWaiter(driver, { mm, number, offset, write })
  if (isThere) showAround(driver, vma, waiter)
  else if (pending !== undefined) requests.join(pending, waiter)
  else if (state.name === 'ended') requests.refuse(waiter, state.error, offset + mm.pageSize)
  else if (driver.operations.fault === undefined) requests.refuse(waiter, undefined, offset + mm.pageSize)
  else ask(driver, vma, waiter)
  return waiter.result()
}

function ask(driver: Driver, vma: Vma, waiter: AccessWaiter): void {
  const { inode, readAhead, requests } = driver
  const { offset } = waiter
  const asked = readAhead.lengthAt(offset)
  const most = Math.min(offset + asked, endOffset(vma), inode.length * vma.mm.pageSize)
  // A page is in one pending request at most (P2).
  const until = requests.pending.clip(offset, driver.nextPresent(offset, most))
  readAhead.began(offset, asked, until - offset)
  const access = { ...waiter.access, area: ModelArea.of(vma) }
  requests.request(DeviceRequest.fill(access, offset, until - offset), waiter)
}

function showAround(driver: Driver, vma: Vma, waiter: AccessWaiter): void {
  const { requests, resident, counters } = driver
  const { pageSize } = vma.mm
  const { offset, since } = waiter
  const end = Math.min(offset + SHOWN_AROUND * pageSize, endOffset(vma))
  const until = hasDriverPages(driver, vma, offset, end)
    ? offset + pageSize
    : requests.pending.clip(offset, driver.nextAbsent(offset, end))
  resident?.touch(offset, until - offset)
  counters.countHit()
  counters.countLatency(performance.now() - since)
  driver.show(vma, offset, until - offset)
  waiter.settle()
}

/** The offset in the device at which the area ends, in bytes. */
function endOffset({ mm, start, end, pgoff }: Vma): number {
  return pgoff * mm.pageSize + (end - start)
}

/** Whether the driver has mapped pages of its own in that part of the area. */
function hasDriverPages({ inode }: Driver, { mm, start, pgoff }: Vma, offset: number, end: number): boolean {
  const base = start / mm.pageSize - pgoff
  let found = false
  mm.tables.visit(base + offset / mm.pageSize, base + end / mm.pageSize, (number, table, index) => {
    const page = table.pages[index]
    found ||=
      (table.bits[index]! & PTE.PRESENT) !== 0 && page?.kind === 'driver' && page !== inode.pages.get(number - base)
  })
  return found
}
