import { addon } from './addon.js'
import { mailbox } from './mailbox.js'

/**
 * The flags of an area of this process that begins at `start`, as the kernel would show them if it had those that the library holds:
 * see `native/held-flags.h`. Any thread may ask.
 */
export function withHeldFlags(start: bigint, flags: bigint): bigint {
  if (addon().heldFlagsAt(start) !== 1) return flags
  const [set, cleared] = mailbox().results as unknown as [number, number]
  return (flags & ~BigInt(cleared)) | BigInt(set)
}
