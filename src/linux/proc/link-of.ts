import { fstatSync, readlinkSync } from 'node:fs'
import { VmError } from '../../vocabulary/vm-error.js'
import { procError } from './proc-error.js'

/** The target of a descriptor that should be a userfaultfd. Throws `EBADF`, or what keeps /proc from saying it. */
export function linkOf(descriptor: number): string {
  const path = `/proc/self/fd/${descriptor}`
  try {
    return readlinkSync(path)
  } catch (error) {
    if (isOpen(descriptor)) throw procError(error, path, 'tells a userfaultfd from other descriptors')
    throw new VmError('EBADF', 'userfaultfd', { hint: `descriptor ${descriptor} is not open` })
  }
}

function isOpen(descriptor: number): boolean {
  try {
    fstatSync(descriptor)
    return true
  } catch {
    return false
  }
}
