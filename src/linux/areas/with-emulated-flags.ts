import { addon } from '../addon/addon.js'
import { sharedResults } from '../addon/shared-results.js'

/**
 * The flags of an area of this process that begins at `start`, as the kernel would show them if it had those that the library holds:
 * see `native/noted/emulated-flags.h`. Any thread may call it.
 */
export function withEmulatedFlags(start: bigint, flags: bigint): bigint {
  if (addon().emulatedFlagsAt(start) !== 1) return flags
  const [set, cleared] = sharedResults().results as unknown as [number, number]
  return (flags & ~BigInt(cleared)) | BigInt(set)
}
