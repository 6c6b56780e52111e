import { hookError } from '../../../kernel/errors/hook-error.js'
import { now } from '../../../paging/now.js'
import type { PageRefusal, PageWaiter } from '../../../paging/page-waiter.js'
import { packError } from '../../thread/pack-error.js'
import { allowWrite, writesAtOnce } from './allow-write.js'
import type { DeviceMap } from './device-map.js'
import { DeviceRequest } from './device-request.js'
import type { ServedDevice } from './served-device.js'

/** How many pages in the file one fault shows at most. */
const SHOWN_AROUND = 16

/** An access that waits for a page of the device. */
export class FaultWaiter implements PageWaiter {
  readonly isAccess = true
  readonly #device: ServedDevice
  /** The address of the page. */
  readonly address: number
  readonly offset: number
  readonly write: boolean
  readonly since: number
  /** See `FaultQueue.threadId`. */
  readonly threadId: number

  constructor(
    device: ServedDevice,
    {
      address,
      offset,
      write,
      since,
      threadId,
    }: Pick<FaultWaiter, 'address' | 'offset' | 'write' | 'since' | 'threadId'>,
  ) {
    this.#device = device
    this.address = address
    this.offset = offset
    this.write = write
    this.since = since
    this.threadId = threadId
  }

  /** Whether it is the same thread's wait for the same page. */
  isSame(other: PageWaiter): boolean {
    return (
      this.threadId !== 0 &&
      other instanceof FaultWaiter &&
      other.threadId === this.threadId &&
      other.address === this.address
    )
  }

  /** A page in memory is shown by then. */
  settle(refusal?: PageRefusal): void {
    if (refusal === undefined) return
    if (refusal.mayRetry) askAlone(this.#device, this)
    else this.#fail(refusal)
  }

  #fail({ reason }: PageRefusal): void {
    const { source, pageSize, send } = this.#device
    // Send the error before poisoning, so that it has arrived when the access fails (P4).
    send({ type: 'failure', address: this.address, error: reason === undefined ? undefined : packError(reason) })
    source.faults.fail(this.address, pageSize)
  }
}

/**
 * Serves the fault with that index among those that the source has taken: shows a page in memory, joins a pending request, or makes a
 * request. `time` is that of `now()`.
 */
export function serveFault(device: ServedDevice, index: number, time: number): void {
  const { source, maps, requests, pageSize, state } = device
  const { faults } = source
  const address = faults.address(index)
  const map = maps.at(address)
  if (map === undefined) {
    state.counters.countFault()
    faults.wake(address, pageSize) // It was unmapped meanwhile.
    return
  }
  const offset = map.offsetAt(address)
  const firstWrite = faults.isFirstWrite(index)
  const write = faults.isWrite(index)
  const waiter = new FaultWaiter(device, { address, offset, write, since: time, threadId: faults.threadId(index) })
  const pending = requests.joinable(offset, firstWrite)
  // A signal made the thread fault again: its wait began with the first fault.
  if (pending?.waiters.some((other) => waiter.isSame(other))) return
  state.counters.countFault()
  if (pending !== undefined) requests.join(pending, waiter)
  else if (firstWrite) askToWrite(device, map, waiter)
  else if (map.inserted.has(address)) askToFill(device, map, waiter, offset + pageSize)
  else showOrAsk(device, map, waiter)
}

function showOrAsk(device: ServedDevice, map: DeviceMap, waiter: FaultWaiter): void {
  const { file, readAhead, requests } = device
  const { offset } = waiter
  const asked = readAhead.lengthAt(offset)
  const most = Math.min(offset + asked, map.endOffset, file.end)
  const end = file.nextPresent(offset, most)
  if (end === offset) {
    showAround(device, map, waiter)
    return
  }
  // A page is in one pending request at most (P2).
  const until = requests.pending.clip(offset, end)
  readAhead.began(offset, asked, until - offset)
  askToFill(device, map, waiter, until)
}

function showAround(device: ServedDevice, map: DeviceMap, waiter: FaultWaiter): void {
  const { pageSize, file, requests, resident, state, view } = device
  const { address, offset, since } = waiter
  const end = Math.min(offset + SHOWN_AROUND * pageSize, map.endOffset)
  const until = map.inserted.size > 0 ? offset + pageSize : requests.pending.clip(offset, file.nextAbsent(offset, end))
  resident?.touch(offset, until - offset)
  state.counters.countHit()
  state.counters.countLatency(now() - since)
  try {
    const writes = waiter.write && writesAtOnce(device, map)
    if (writes) allowWrite(device, map, address)
    const from = writes ? offset + pageSize : offset
    if (from < until) view.show(map, map.addressOf(from), until - from)
  } catch (error) {
    requests.refuse(waiter, hookError(error, 'fault'), offset + pageSize)
  }
}

/** Asks for `[waiter.offset, end)`. */
function askToFill(
  { operations, file, requests }: ServedDevice,
  map: DeviceMap,
  waiter: FaultWaiter,
  end: number,
): void {
  const { address, offset, write } = waiter
  if (operations.fault === undefined) {
    requests.refuse(waiter, undefined, end)
    return
  }
  const about = { file, area: map.area, page: address, write }
  requests.request(DeviceRequest.fill(about, offset, end - offset), waiter)
}

function askToWrite(device: ServedDevice, map: DeviceMap, waiter: FaultWaiter): void {
  const { source, file, operations, requests, pageSize } = device
  const { address, offset, write } = waiter
  if (operations.pageMkwrite === undefined) {
    try {
      allowWrite(device, map, address, true)
    } catch (error) {
      requests.refuse(waiter, hookError(error, 'writeback'), offset + pageSize)
    }
    return
  }
  // Two threads may have written to the page before the first fault was answered: the second fault is stale then.
  if (!source.pages.mayBeWriteProtected(address)) {
    source.faults.wake(address, pageSize)
    return
  }
  const about = { file, area: map.area, page: address, write }
  requests.request(DeviceRequest.firstWrite(about, offset, pageSize), waiter)
}

/** Requests the waiter's page alone, after the driver refused a run that contained it. */
function askAlone(device: ServedDevice, waiter: FaultWaiter): void {
  const { maps, requests, source, pageSize } = device
  const { address, offset } = waiter
  const map = maps.at(address)
  const pending = requests.joinable(offset)
  if (map === undefined) source.faults.wake(address, pageSize)
  else if (pending !== undefined) requests.join(pending, waiter)
  else askToFill(device, map, waiter, offset + pageSize)
}
