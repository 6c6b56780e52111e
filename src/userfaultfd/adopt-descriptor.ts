import type { Kernel } from '../kernel/kernel.js'
import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import { UsageError } from '../vocabulary/usage-error.js'

/** Takes over the descriptor of a userfaultfd: see `Userfaultfd.fromRawDescriptor`. */
export function adoptDescriptor(
  { userfaultfds }: Kernel,
  descriptor: number,
  options: { setNonblocking?: boolean; whenServerEnds?: 'poison' | 'wait' },
): RawUserfaultfd {
  if (!Number.isInteger(descriptor) || descriptor < 0) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `a descriptor is a number from 0 on; this is ${String(descriptor)}`,
    )
  }
  if (options.setNonblocking === true) userfaultfds.setNonblocking?.(descriptor)
  const raw = userfaultfds.adoptUserfaultfd(descriptor)
  if (options.whenServerEnds === 'wait') raw.keepWaiting?.()
  return raw
}
