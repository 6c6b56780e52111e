import type { Process } from '../../process.js'

/** `vm_flags` of the area at the address. */
export function flagsAt(process: Process, address: bigint): bigint {
  using user = process.mm.mmgetNotZero()!
  using guard = user.mmapReadLock()
  return guard.vmaLookup(address)!.flags
}
