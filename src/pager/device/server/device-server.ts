import type { FileOperations } from '../../../kernel/file-operations.js'
import type { RawWriteback } from '../../../kernel/raw-writeback.js'
import { Fetches } from '../../../paging/fetches.js'
import { pageRange } from '../../../paging/page-range.js'
import { ReadAhead } from '../../../paging/read-ahead.js'
import { RequestDispatcher } from '../../../paging/request-dispatcher.js'
import { ResidentList } from '../../../paging/resident-list.js'
import { WriteBacks } from '../../../paging/write-backs.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { FaultSource } from '../../source/fault-source.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage } from '../../thread/pager-request.js'
import type { PagerState } from '../../thread/pager-state.js'
import type { PagerThreadData } from '../../thread/pager-thread-data.js'
import { AreaHost } from './area-host.js'
import { completeRequest } from './complete-request.js'
import type { DeviceFile } from './device-file.js'
import { DeviceMaps } from './device-maps.js'
import { DeviceRequest } from './device-request.js'
import { DeviceView } from './device-view.js'
import type { DriverPages } from './driver-pages.js'
import { OverlayPages } from './overlay-pages.js'
import type { ServedDevice } from './served-device.js'
import { WrittenPagesFile } from './written-pages-file.js'

/** The parts that serve a device. */
export interface DeviceServerParts {
  readonly kernel: PagerKernel
  readonly operations: FileOperations
  readonly source: FaultSource
  readonly file: DeviceFile
  readonly driverPages: DriverPages
  readonly state: PagerState
  readonly options: PagerThreadData['options']
  readonly inode: bigint
  /** The descriptor of the file in which a thread notes the pages that programs have written to. */
  readonly written: number
  send(message: PagerMessage): void
}

/**
 * Makes the record of a device that this thread serves.
 *
 * The states of a page of the device and their transitions:
 *
 *     absent ──fault──▶ requested ──answer──▶ shown ──budget──▶ hidden ──budget──▶ absent
 *     requested ──invalidate──▶ requested again        requested ──error, timeout──▶ poisoned ──reported──▶ absent
 *     hidden ──touch──▶ shown                          shown, hidden ──invalidate──▶ absent
 *
 * Where each state is kept, and its invariant:
 *  P1. Absent and not absent: the memory file decides, except for pages with a pending request. Such a page may be in the file, written by
 *      an answer that is being completed, and counts as absent. Pages come into the file by `DeviceView.put` alone.
 *  P2. Requested: `requests`. A page is in one pending request at most; its states are at `RequestState`.
 *  P3. Shown and hidden: the page tables of the program, by `source.pages`. A page that is not in the file is not visible, except as a
 *      private copy, which belongs to the program.
 *  P4. Poisoned: the page tables of the program. The error is sent to the program before the page is poisoned, and the program removes the
 *      poison.
 *  P5. With a budget, `resident` has each page that is shown or hidden, and no other.
 *  P6. With a `writeback` hook, a page that is dropped is clean: see `WriteBacks`. `invalidate` alone drops others.
 *
 * The states of the device are at `DeviceLifetime`.
 */
export function createServedDevice(parts: DeviceServerParts): ServedDevice {
  const { kernel, source, file, driverPages, state, options, inode } = parts
  const { pageSize } = kernel
  const { counters } = state
  const maps = new DeviceMaps()
  const overlays = new OverlayPages(source, file)
  const view = new DeviceView(maps, source, file, overlays, pageSize)
  const writeBacks = createWriteBacks(parts, view, () => device)
  const resident = residentList(options.residentLimit, file, view, state, writeBacks)
  const requests = new RequestDispatcher<DeviceRequest>({
    pageSize,
    timeout: options.timeout,
    counters,
    ask: (request) => callHook(device, request),
    complete: (request, waiters) => completeRequest(device, request, waiters),
    ...(resident && { makeRoom: (bytes: number) => resident.makeRoom(bytes) }),
    noRoom: () => writeBacks?.failure,
    defer: setImmediate,
  })
  const fetches = new Fetches<DeviceRequest>({
    pageSize,
    requests,
    most: options.run.most,
    nextPresent: (from, to) => file.nextPresent(from, to),
    nextAbsent: (from, to) => file.nextAbsent(from, to),
    showEverywhere: (offset, length) => view.showEverywhere(offset, length),
    requestFor: (offset, length) =>
      parts.operations.fault && DeviceRequest.fill({ file, page: -1, write: false }, offset, length),
    defer: setImmediate,
  })
  const device: ServedDevice = {
    kernel,
    pageSize,
    operations: parts.operations,
    source,
    file,
    driverPages,
    maps,
    overlays,
    view,
    resident,
    writeBacks,
    state,
    readAhead: new ReadAhead(options.run),
    requests,
    fetches,
    areas: new AreaHost(() => device, inode),
    send: (message) => parts.send(message),
  }
  return device
}

/** Drops the device's pages that `[offset, offset + length)` touches, from `resident` too (P5). Pending requests there are made again. */
export function invalidate(device: ServedDevice, offset: number, length: number): void {
  const { start, end } = pageRange(offset, length, device.pageSize, device.file.end)
  if (start >= end) return
  device.requests.invalidate(start, end)
  device.writeBacks?.forget(start, end)
  device.view.forget(start, end - start)
  device.resident?.remove(start, end - start)
}

/** Fills the pages that `[offset, offset + length)` touches, and shows them wherever they are mapped. */
export function fetch(device: ServedDevice, id: number, offset: number, length: number): Promise<void> {
  const { start, end } = pageRange(offset, length, device.pageSize, device.file.end)
  return device.fetches.fetch(id, start, end)
}

/** Gives the driver what programs have written to `[offset, offset + length)`, and resolves when it has taken it. */
export async function flush(device: ServedDevice, offset: number, length: number): Promise<void> {
  const { start, end } = pageRange(offset, length, device.pageSize, device.file.end)
  await device.writeBacks?.flush(start, end)
}

/** Fails all waits, and makes no more requests. */
export function closeServedDevice({ fetches, requests }: ServedDevice): void {
  const error = new VmError('ENODEV', 'fault', { hint: 'the device was closed' })
  fetches.close(error)
  requests.close(error)
}

function callHook({ operations, state }: ServedDevice, request: DeviceRequest): void | Promise<void> {
  const outer = state.beginBusy()
  try {
    return request.firstWrite ? operations.pageMkwrite!(request) : operations.fault!(request)
  } finally {
    state.busySince = outer
  }
}

function createWriteBacks(
  { operations, kernel, file, options, state, written }: DeviceServerParts,
  view: DeviceView,
  device: () => ServedDevice,
): WriteBacks | undefined {
  if (operations.writeback === undefined) return undefined
  const { pageSize } = kernel
  const notes = new WrittenPagesFile(written)
  const host = {
    pageSize,
    most: options.run.most,
    timeout: options.timeout,
    counters: state.counters,
    write: (writeback: RawWriteback) => state.whileBusy(() => operations.writeback!(writeback)),
    protect: (offset: number, length: number) => view.protect(offset, length),
    copy: (offset: number, length: number, into?: Uint8Array) => file.copy(offset, length, into),
    note: (offset: number, length: number, is: boolean) => notes.note(offset / pageSize, length / pageSize, is),
    ended: () => device().requests.resumeSoon(),
  }
  return new WriteBacks(host, notes)
}

/** A resident list with the pages that a previous thread left in the file. None is dropped yet: the maps are not known. */
function residentList(
  limit: number,
  file: DeviceFile,
  view: DeviceView,
  { counters }: PagerState,
  writeBacks: WriteBacks | undefined,
): ResidentList | undefined {
  if (limit === Infinity) return undefined
  const host = {
    writeBacks, // Pages are clean before they are dropped (P6).
    hide: (offset: number, length: number) => view.hide(offset, length),
    drop: (offset: number, length: number) => {
      view.forget(offset, length)
      counters.countDropped(length)
    },
  }
  const list = new ResidentList(host, limit, file.pageSize)
  for (let at = 0; at < file.end; ) {
    const from = file.nextPresent(at, file.end)
    at = file.nextAbsent(from, file.end)
    if (from < at) list.adopt(from, at - from)
  }
  return list
}
