import type { FileOperations } from '../../../kernel/file-operations.js'
import { ReadAhead } from '../../../paging/read-ahead.js'
import { RequestDispatcher } from '../../../paging/request-dispatcher.js'
import { ResidentList } from '../../../paging/resident-list.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { FaultSource } from '../../source/fault-source.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage } from '../../thread/pager-request.js'
import type { PagerState } from '../../thread/pager-state.js'
import type { PagerThreadData } from '../../thread/pager-thread-data.js'
import { AreaHost } from './area-host.js'
import { completeRequest } from './complete-request.js'
import { DeviceFetches } from './device-fetches.js'
import type { DeviceFile } from './device-file.js'
import { DeviceMaps } from './device-maps.js'
import type { DeviceRequest } from './device-request.js'
import { DeviceView } from './device-view.js'
import type { DriverPages } from './driver-pages.js'
import { OverlayPages } from './overlay-pages.js'
import type { ServedDevice } from './served-device.js'

/** What a device is served with. */
export interface DeviceServerParts {
  readonly kernel: PagerKernel
  readonly operations: FileOperations
  readonly source: FaultSource
  readonly file: DeviceFile
  readonly driverPages: DriverPages
  readonly state: PagerState
  readonly options: PagerThreadData['options']
  readonly inode: bigint
  send(message: PagerMessage): void
}

/**
 * Makes the record of a device that this thread serves.
 *
 * The states of a page of the device, and what moves it:
 *
 *     absent ──fault──▶ requested ──answer──▶ shown ──budget──▶ hidden ──budget──▶ absent
 *     requested ──invalidate──▶ requested again        requested ──error, timeout──▶ poisoned ──reported──▶ absent
 *     hidden ──touch──▶ shown                          shown, hidden ──invalidate──▶ absent
 *
 * Where each state is kept, and what holds:
 *  P1. Absent and not absent: the memory file, which is the truth, save for pages that a request is pending for. Such a page may be in the
 *      file, written by an answer that is just being completed, and counts as absent.
 *  P2. Requested: `requests`. A page is in one pending request at most; its states are at `RequestState`.
 *  P3. Shown and hidden: the page tables of the program, by `source.pages`. A page that is not in the file is in no view, save as a private
 *      copy, which is the program's own.
 *  P4. Poisoned: the page tables of the program. The error goes to the program before the poison, and the program takes the poison away.
 *  P5. With a budget, `resident` has each page that is shown or hidden, and no other.
 *
 * The states of the device, kept by `DeviceClient` and `DeviceThread` in the program:
 *
 *     opening ──open hook──▶ serving ⇄ dead (restart) ──▶ closed
 *
 *  D1. Opening: nothing is mapped. The thread acts alone.
 *  D2. Serving: each fault is answered or fails within the time limit. This thread alone changes what is in the file and in view; the program
 *      alone maps, unmaps and changes protection, and tells this thread.
 *  D3. Dead: no thread acts. Pages in view stay, any other touch fails. A restart begins a new thread with the same file and maps.
 *  D4. Closed: as dead, for good. The driver's `close` hook has run, or has been given up.
 */
export function createServedDevice(parts: DeviceServerParts): ServedDevice {
  const { kernel, source, file, driverPages, state, options, inode } = parts
  const { pageSize } = kernel
  const { counters } = state
  const maps = new DeviceMaps()
  const overlays = new OverlayPages(source, file)
  const view = new DeviceView(maps, source, file, overlays, pageSize)
  const resident = residentList(options.residentLimit, file, view, state)
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
    state,
    readAhead: new ReadAhead(options.run),
    requests: new RequestDispatcher<DeviceRequest>({
      pageSize,
      timeout: options.timeout,
      counters,
      ask: (request) => callHook(device, request),
      complete: (request, waiters) => completeRequest(device, request, waiters),
      makeRoom: (bytes) => resident?.makeRoom(bytes),
    }),
    fetches: new DeviceFetches(() => device, options.run.most),
    areas: new AreaHost(() => device, inode),
    send: (message) => parts.send(message),
  }
  return device
}

/** Forgets what the device's pages that `[offset, offset + length)` touches held. What is being filled there is asked for again. */
export function invalidate(device: ServedDevice, offset: number, length: number): void {
  const { start, end } = pagesAround(device, offset, length)
  if (start >= end) return
  device.requests.invalidate(start, end)
  device.view.forget(start, end - start)
  device.resident?.remove(start, end - start)
}

/** Has the pages that `[offset, offset + length)` touches filled, and shown wherever they are mapped. */
export function fetch(device: ServedDevice, id: number, offset: number, length: number): Promise<void> {
  const { start, end } = pagesAround(device, offset, length)
  return device.fetches.fetch(id, start, end)
}

/** Fails all waits, and asks the driver for nothing more. */
export function closeServedDevice({ fetches, requests }: ServedDevice): void {
  const error = new VmError('ENODEV', 'fault', { hint: 'the device was closed' })
  fetches.close(error)
  requests.close(error)
}

function callHook({ operations, state }: ServedDevice, request: DeviceRequest): void | Promise<void> {
  state.busySince = Date.now()
  try {
    return request.firstWrite ? operations.pageMkwrite!(request) : operations.fault!(request)
  } finally {
    state.busySince = 0
  }
}

/** With the pages in it that a previous thread left in the file. */
function residentList(
  limit: number,
  file: DeviceFile,
  view: DeviceView,
  { counters }: PagerState,
): ResidentList | undefined {
  if (limit === Infinity) return undefined
  const host = {
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
    if (from < at) list.touch(from, at - from)
  }
  return list
}

function pagesAround({ pageSize, file }: ServedDevice, offset: number, length: number): { start: number; end: number } {
  return {
    start: Math.floor(offset / pageSize) * pageSize,
    end: Math.min(file.end, Math.ceil((offset + length) / pageSize) * pageSize),
  }
}
