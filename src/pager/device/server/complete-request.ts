import type { RawPage } from '../../../kernel/raw-page.js'
import { foreignPage } from '../../../paging/foreign-page.js'
import type { PageWaiter } from '../../../paging/page-waiter.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { allowWrite, writesAtOnce } from './allow-write.js'
import type { DeviceMap } from './device-map.js'
import type { DeviceRequest } from './device-request.js'
import { DriverPage } from './driver-page.js'
import type { FaultWaiter } from './serve-fault.js'
import type { ServedDevice } from './served-device.js'

/** Puts the answer of a driver into memory and wakes the waiters. Throws the error that prevents it. */
export function completeRequest(device: ServedDevice, request: DeviceRequest, waiters: readonly PageWaiter[]): void {
  const { answered } = request
  if (request.firstWrite) allowWrites(device, waiters)
  else if (answered === 'inserted') wakeAll(device, waiters)
  else if (answered !== undefined) giveDriverPage(device, driverPage(device, answered, 'fault'), request, waiters)
  else giveOwnPages(device, request, waiters)
}

/** The page as one that the driver of this device owns. Throws `EINVAL` for any other. */
export function driverPage({ driverPages }: ServedDevice, page: RawPage, call: string): DriverPage {
  if (page instanceof DriverPage && driverPages.owns(page) && !page.orphaned) return page
  throw foreignPage(call)
}

function giveOwnPages(device: ServedDevice, request: DeviceRequest, waiters: readonly PageWaiter[]): void {
  const { resident, state, maps, view, source, pageSize, writeBacks } = device
  const { offset, length, bytes } = request
  if (bytes.length !== length) {
    throw new VmError('EINVAL', 'fault', { hint: 'the driver transferred the buffer of fault.bytes away' })
  }
  // Count the pages before waking the waiters, so that a woken thread sees its own fault counted.
  state.counters.countFilled(length)
  resident?.touch(offset, length)
  const first = maps.at(addressOf(waiters[0]))
  // A page that is filled because of a write becomes writable in the same step.
  const writes = length === pageSize && first !== undefined && isWrite(waiters[0]!) && writesAtOnce(device, first)
  let shown: DeviceMap | undefined
  try {
    if (writes) writeBacks!.mark(offset)
    shown = view.put(first, offset, bytes, writes)
  } catch (error) {
    state.counters.countFilled(-length)
    resident?.remove(offset, length)
    if (writes) writeBacks!.forget(offset, offset + length)
    throw error
  }
  const writable = writes ? shown : undefined
  for (const waiter of waiters) {
    const address = addressOf(waiter)
    if (address < 0) {
      view.showEverywhere(offset, length)
      continue
    }
    const map = maps.at(address)
    if (map === undefined) {
      source.faults.wake(address, pageSize)
      continue
    }
    if (map !== shown) {
      const from = Math.max(map.start, map.addressOf(offset))
      view.show(map, from, Math.min(map.end, map.addressOf(offset + length)) - from)
      shown = map
    }
    if (map !== writable && isWrite(waiter) && writesAtOnce(device, map)) allowWrite(device, map, address)
  }
}

function giveDriverPage(
  { maps, overlays, source, pageSize }: ServedDevice,
  page: DriverPage,
  request: DeviceRequest,
  waiters: readonly PageWaiter[],
): void {
  for (const waiter of waiters) {
    const address = addressOf(waiter)
    if (address < 0) continue
    const map = maps.at(address)
    // The answer is for the requested page: a waiter for another page of the run faults again.
    if (map === undefined || waiter.offset !== request.offset) source.faults.wake(address, pageSize)
    else overlays.insert(map, address, page)
  }
}

/** `VM_FAULT_NOPAGE`: the hook has mapped a page itself. */
function wakeAll({ source, pageSize }: ServedDevice, waiters: readonly PageWaiter[]): void {
  for (const waiter of waiters) {
    const address = addressOf(waiter)
    if (address >= 0) source.faults.wake(address, pageSize)
  }
}

function allowWrites(device: ServedDevice, waiters: readonly PageWaiter[]): void {
  for (const waiter of waiters) {
    const address = addressOf(waiter)
    const map = device.maps.at(address)
    if (map !== undefined) allowWrite(device, map, address, true)
  }
}

function isWrite(waiter: PageWaiter): boolean {
  return waiter.isAccess && (waiter as FaultWaiter).write
}

/** -1 where no access waits. */
function addressOf(waiter: PageWaiter | undefined): number {
  return waiter?.isAccess ? (waiter as FaultWaiter).address : -1
}
