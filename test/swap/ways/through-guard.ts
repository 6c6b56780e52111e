// Userfaultfd is refused to this thread, as by the filter of a container.
import { LinuxUserfaultfdCalls } from '#vmarea/linux/userfaultfd/linux-userfaultfd-calls.js'
import { VmError } from '#vmarea/vocabulary/vm-error.js'

function refuse(): never {
  throw new VmError('EPERM', 'userfaultfd')
}
LinuxUserfaultfdCalls.prototype.userfaultfd = refuse
LinuxUserfaultfdCalls.prototype.userfaultfdFromDevice = refuse
