import { readlinkSync } from 'node:fs'
import { VmError } from '../../vocabulary/vm-error.js'

/** What a descriptor that is to be a userfaultfd is open on. Throws `EBADF`. */
export function linkOf(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    throw new VmError('EBADF', 'userfaultfd', { hint: `descriptor ${descriptor} is not open` })
  }
}
