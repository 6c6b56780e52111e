import { hookError } from '../../../kernel/errors/hook-error.js'
import { MADV } from '../../../vocabulary/madv.js'
import { MAP } from '../../../vocabulary/map.js'
import { VM } from '../../../vocabulary/vm.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { MapAnswer, MapRequest } from '../../thread/pager-request.js'
import { DeviceArea } from './device-area.js'
import { DeviceMap } from './device-map.js'
import type { ServedDevice } from './served-device.js'

/** The flags that the kernel itself can set on an area of a memory file. */
const ADVICE: readonly (readonly [flag: bigint, advice: number])[] = [
  [VM.DONTCOPY, MADV.DONTFORK],
  [VM.DONTDUMP, MADV.DONTDUMP],
  [VM.SEQ_READ, MADV.SEQUENTIAL],
  [VM.RAND_READ, MADV.RANDOM],
]
const KEPT_BY_KERNEL = ADVICE.reduce((flags, [flag]) => flags | flag, 0n)

/** Sets up a map of the device and calls the `mmap` hook. Throws the error of the hook. */
export function addMap(device: ServedDevice, request: MapRequest): MapAnswer {
  const { start, length, offset, protection, flags, copies } = request
  const { areas, operations, maps, source, overlays } = device
  const area = new DeviceArea(areas, { start, length, offset, protection, flags })
  const shared = (flags & MAP.SHARED) !== 0
  const notifiesWrites = shared && (operations.pageMkwrite ?? operations.writeback) !== undefined
  const end = start + length
  const map = new DeviceMap({ area, start, end, offset, shared, protection, notifiesWrites, copies })
  const before = area.flags
  maps.add(map)
  try {
    callMmapHook(device, area)
    adviseKernel(device, area, before)
    source.pages.watch(start, length, protection, notifiesWrites)
    overlays.placeAll(map)
  } catch (error) {
    maps.remove(start, end)
    throw hookError(error, 'mmap')
  }
  return { set: area.flags & ~before & ~KEPT_BY_KERNEL, cleared: before & ~area.flags }
}

/** The program has changed the protection of a part of a map. */
export function protectMaps(device: ServedDevice, start: number, length: number, protection: number): void {
  device.source.pages.setProtection(start, length, protection)
  for (const map of device.maps.within(start, start + length)) {
    map.protection = protection
    map.area.protect(protection)
    device.overlays.protect(map, protection)
  }
}

/** A map has grown or shrunk in place. No thread touches it meanwhile. */
export function resizeMap(device: ServedDevice, start: number, oldLength: number, length: number): void {
  if (length < oldLength) {
    removeMaps(device, start + length, oldLength - length)
    return
  }
  const last = device.maps.within(start, start + oldLength).at(-1)
  if (last === undefined) return
  last.end = start + length
  last.area.resize(start, length)
  device.source.pages.grow(start, length, last.protection, last.notifiesWrites)
}

/** The program is about to write to a private map: from now on its pages may be private copies, which no driver can provide again. */
export function expectCopies({ maps }: ServedDevice, start: number, length: number): void {
  for (const map of maps.within(start, start + length)) map.copies = true
}

/** The program has unmapped the range. */
export function removeMaps({ maps, source }: ServedDevice, start: number, length: number): void {
  maps.remove(start, start + length)
  source.pages.unmapped(start, length)
}

function callMmapHook({ operations, state }: ServedDevice, area: DeviceArea): void {
  if (operations.mmap === undefined) throw new VmError('ENODEV', 'mmap', { hint: 'the driver has no mmap hook' })
  area.hookRunning = true
  try {
    state.whileBusy(() => operations.mmap!(area))
  } finally {
    area.hookRunning = false
  }
}

function adviseKernel({ kernel }: ServedDevice, area: DeviceArea, before: bigint): void {
  const set = area.flags & ~before
  for (const [flag, advice] of ADVICE) {
    if ((set & flag) !== 0n) kernel.calls.madvise(area.start, Number(area.end - area.start), advice)
  }
}
