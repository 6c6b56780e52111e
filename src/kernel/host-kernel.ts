import type { AddressSpace } from './address-space.js'

/**
 * What the kernel that runs this process offers beyond this process. `linux/` fills it in when it is loaded; where only the model is,
 * it stays empty.
 */
export const hostKernel: {
  /** Opens the address space of a process by its number. Throws `VmError`. */
  addressSpaceOf?: (pid: number) => AddressSpace
} = {}
