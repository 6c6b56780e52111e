import type { DeviceMap } from './device-map.js'
import type { ServedDevice } from './served-device.js'

/** Whether a write fault makes the page writable without a question to the driver. */
export function writesAtOnce({ operations }: ServedDevice, map: DeviceMap): boolean {
  return map.notifiesWrites && operations.pageMkwrite === undefined
}

/**
 * Makes the page at the address writable and wakes its waiters. A page of the device is noted as written before (W1).
 * With `isShown` the waiter has met its protection, and faults again where it was hidden meanwhile. Throws the error that prevents that note.
 */
export function allowWrite(device: ServedDevice, map: DeviceMap, address: number, isShown = false): void {
  const { file, overlays, pageSize, source, writeBacks } = device
  if (writeBacks !== undefined && !map.inserted.has(address)) {
    const offset = map.offsetAt(address)
    if (file.nextPresent(offset, offset + pageSize) !== offset) {
      source.faults.wake(address, pageSize) // The page is gone: its waiters fault again.
      return
    }
    writeBacks.mark(offset)
  }
  overlays.allowWrite(map, address)
  const code = isShown ? source.pages.unprotect(address, pageSize) : source.pages.show(address, pageSize, true)
  if (code !== 0) source.faults.wake(address, pageSize)
}
