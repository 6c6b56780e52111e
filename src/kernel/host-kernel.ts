import type { AddressSpace } from './address-space.js'

/**
 * What the running kernel offers beyond this process. `Mm.of` is static and its module must not import one of Node, so it finds the
 * kernel here: `linux/` sets the member when it is loaded. Where only the model is loaded it stays empty.
 */
export const hostKernel: {
  /** Opens the address space of a process by its number. Throws `VmError`. */
  addressSpaceOf?: (pid: number) => AddressSpace
} = {}
