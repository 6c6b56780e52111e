// The userfaultfds of this thread have no `UFFDIO_MOVE`, as on a kernel before 6.8.
import { LinuxUserfaultfd } from '#vmarea/linux/userfaultfd/linux-userfaultfd.js'
import { UFFD_FEATURE } from '#vmarea/vocabulary/uffd-feature.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'

const { api } = LinuxUserfaultfd.prototype
LinuxUserfaultfd.prototype.api = function (features) {
  if ((features & UFFD_FEATURE.MOVE) !== 0n) throw new VmError('EINVAL', 'UFFDIO_API')
  return api.call(this, features)
}
