import type { FileOperations } from '../../../kernel/file-operations.js'
import type { Fetches } from '../../../paging/fetches.js'
import type { ReadAhead } from '../../../paging/read-ahead.js'
import type { RequestDispatcher } from '../../../paging/request-dispatcher.js'
import type { ResidentList } from '../../../paging/resident-list.js'
import type { WriteBacks } from '../../../paging/write-backs.js'
import type { FaultSource } from '../../source/fault-source.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage } from '../../thread/pager-request.js'
import type { PagerState } from '../../thread/pager-state.js'
import type { AreaHost } from './area-host.js'
import type { DeviceFile } from './device-file.js'
import type { DeviceMaps } from './device-maps.js'
import type { DeviceRequest } from './device-request.js'
import type { DeviceView } from './device-view.js'
import type { DriverPages } from './driver-pages.js'
import type { OverlayPages } from './overlay-pages.js'

/** A device on the thread that serves it: what the functions of this folder take first. Its states are at `createServedDevice`. */
export interface ServedDevice {
  readonly kernel: PagerKernel
  readonly pageSize: number
  readonly operations: FileOperations
  readonly source: FaultSource
  readonly file: DeviceFile
  readonly driverPages: DriverPages
  readonly maps: DeviceMaps
  readonly overlays: OverlayPages
  readonly view: DeviceView
  readonly areas: AreaHost
  readonly requests: RequestDispatcher<DeviceRequest>
  readonly fetches: Fetches<DeviceRequest>
  readonly readAhead: ReadAhead
  /** Keeps the device within its budget, where it has one. */
  readonly resident: ResidentList | undefined
  /** The pages that programs have written to, where the driver takes them back. */
  readonly writeBacks: WriteBacks | undefined
  readonly state: PagerState
  /** Sends a message to the program. */
  send(message: PagerMessage): void
}
