import { readlinkSync } from 'node:fs'
import { VmError } from '../../vocabulary/vm-error.js'

/** The target of a descriptor that should be a userfaultfd. Throws `EBADF`. */
export function linkOf(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    throw new VmError('EBADF', 'userfaultfd', { hint: `descriptor ${descriptor} is not open` })
  }
}
