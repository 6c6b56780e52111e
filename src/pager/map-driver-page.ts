import { closeSync, openSync } from 'node:fs'
import type { LinuxKernel } from '../linux/linux-kernel.js'
import { MAP } from '../vocabulary/map.js'
import { PROT } from '../vocabulary/prot.js'
import type { DeviceMap } from './device-map.js'

/**
 * Maps one page of a memory file over a page of a device's map, with what the program may do there now. It is an area of its own from
 * then on. Who waits for the page that was there is not woken.
 */
export function mapDriverPage(
  kernel: LinuxKernel,
  map: DeviceMap,
  address: number,
  descriptor: number,
  offset: number,
): void {
  const flags = (map.shared ? MAP.SHARED : MAP.PRIVATE) | MAP.FIXED | MAP.NORESERVE
  const protection = map.live ? protectionAt(kernel, address) : PROT.NONE
  // What a private copy is made of must be a file that can't be written through it.
  const file = map.shared ? descriptor : openSync(`/proc/self/fd/${descriptor}`, 'r')
  try {
    kernel.calls.mmap(BigInt(address), kernel.pageSize, protection, flags, file, offset)
  } finally {
    if (!map.shared) closeSync(file)
  }
}

function protectionAt(kernel: LinuxKernel, address: number): number {
  const area = kernel.addressSpace.lookup(BigInt(address))
  if (area === undefined) return PROT.NONE
  return (area.readable ? PROT.READ : 0) | (area.writable ? PROT.WRITE : 0) | (area.executable ? PROT.EXEC : 0)
}
