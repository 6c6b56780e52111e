import type { RawUserfaultfd } from '../../kernel/raw-userfaultfd.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { UFFD } from '../../vocabulary/uffd.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { linkOf } from '../proc/link-of.js'
import { LinuxUserfaultfd } from './linux-userfaultfd.js'
import { userfaultfdInfo } from './userfaultfd-info.js'

const { EBUSY } = ERRNO_RESULT

/**
 * Adopts the descriptor of a userfaultfd on which `UFFDIO_API` was called. Throws `VmError`, and `UsageError` where another handle has
 * it.
 */
export function adoptUserfaultfd(descriptor: number, parent?: RawUserfaultfd): LinuxUserfaultfd {
  const link = linkOf(descriptor)
  if (link !== 'anon_inode:[userfaultfd]') {
    throw new VmError('EINVAL', 'userfaultfd', { hint: `descriptor ${descriptor} is ${link}, not a userfaultfd` })
  }
  const { features, initialized, flags } = userfaultfdInfo(descriptor)
  if (!initialized) {
    throw new VmError('EINVAL', 'userfaultfd', { hint: `UFFDIO_API was not called on descriptor ${descriptor} yet` })
  }
  const parentHandle = parent instanceof LinuxUserfaultfd ? parent.handle : 0
  const handle = addon().uffdAdopt(descriptor, false, parentHandle)
  if (handle === EBUSY) {
    throw new UsageError(
      'ERR_VMAREA_INVALID_ARGUMENT',
      `descriptor ${descriptor} belongs to another Userfaultfd of this process: give it out with intoRawDescriptor(), or a tryClone() of it`,
    )
  }
  check(handle, 'userfaultfd')
  addon().uffdSetFeatures(handle, features)
  return new LinuxUserfaultfd(handle, features, (flags & UFFD.NONBLOCK) !== 0)
}
