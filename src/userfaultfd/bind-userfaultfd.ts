import type { Kernel } from '../kernel/kernel.js'
import type { ReceiveOptions } from '../kernel/userfaultfd-calls.js'
import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { adoptDescriptor } from './adopt-descriptor.js'
import { checks } from './checks.js'
import { makeUserfaultfd } from './make-userfaultfd.js'
import { probeUserfaultfd, type UserfaultfdSupport } from './negotiate-features.js'
import type { ReceivedUserfaultfd } from './received-userfaultfd.js'
import { unsupported } from './unsupported.js'
import { Userfaultfd } from './userfaultfd.js'
import type { UserfaultfdOptions } from './userfaultfd-options.js'

/** How a {@link Userfaultfd} of one process is opened. */
export interface BoundUserfaultfd {
  /**
   * Opens one: from `/dev/userfaultfd`, else with the system call, else for faults of the program alone. It is close-on-exec and does not
   * block when it is read.
   *
   * @throws VmError where all ways are refused: the message says what each of them answered and what would help; `EINVAL` where the
   * kernel lacks a feature
   */
  create(options?: UserfaultfdOptions): Userfaultfd
  /**
   * Takes over a descriptor, which belongs to the object from now on. Its `UFFDIO_API` must be done. The calls that read refuse a
   * descriptor in blocking mode. `setNonblocking: true` makes it non-blocking, in every process that shares it.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where it is no descriptor; VmError `EBADF`, `EINVAL` where it is no userfaultfd
   */
  fromRawDescriptor(
    descriptor: number,
    options?: { setNonblocking?: boolean; whenServerEnds?: 'poison' | 'wait' },
  ): Userfaultfd
  /**
   * Takes a userfaultfd that another process sends over a Unix socket (`SCM_RIGHTS`), with the message that comes along. Listens at the
   * path for one connection, or with `connect` connects to it. A path that begins with `@` is in the abstract namespace.
   *
   * The ranges that the other process had registered by then are registered here as well, which changes nothing there, so that its pages do
   * not become zeros when this process loses the userfaultfd. That requires the right to look into the process. Without it, register the
   * ranges: until then, closing the userfaultfd keeps it open, and waiters continue to wait.
   *
   * @throws VmError as socket(2), bind(2) and connect(2); the signal's reason
   */
  receive(socketPath: string, options?: ReceiveOptions): Promise<ReceivedUserfaultfd>
  /** The capabilities of userfaultfds on this machine, tested with one that is closed again. @throws VmError where none can be opened */
  support(options?: { userModeOnly?: boolean }): UserfaultfdSupport
  /** `value instanceof Userfaultfd` */
  [Symbol.hasInstance](value: unknown): value is Userfaultfd
}

const whenServerEnds = ['poison', 'wait'] as const
const adoptRules = { setNonblocking: 'boolean', whenServerEnds } as const
const receiveRules: OptionRules<ReceiveOptions> = {
  connect: 'boolean',
  toEnd: 'boolean',
  whenServerEnds,
  signal: 'signal',
}
const supportRules = { userModeOnly: 'boolean' } as const

/** Binds the constructors of {@link Userfaultfd} to a process's kernel, which is loaded at the first call of one. */
export function bindUserfaultfd(kernel: () => Kernel): BoundUserfaultfd {
  return {
    create(options = {}) {
      const opened = makeUserfaultfd(kernel(), options)
      return new Userfaultfd(kernel(), opened.raw, opened)
    },
    fromRawDescriptor(descriptor, options = {}) {
      const checked = checkOptions('Userfaultfd.fromRawDescriptor()', options, adoptRules)
      return new Userfaultfd(kernel(), adoptDescriptor(kernel(), descriptor, checked), undefined)
    },
    // Returns a rejected promise instead of throwing.
    async receive(socketPath, options = {}) {
      const checked = checkOptions('Userfaultfd.receive()', options, receiveRules)
      checks.socketPath('Userfaultfd.receive()', socketPath)
      const { userfaultfds } = kernel()
      if (userfaultfds.receive === undefined) {
        throw unsupported(kernel(), 'descriptors can not be sent between processes')
      }
      const { raw, ...rest } = await userfaultfds.receive(socketPath, checked)
      return { userfaultfd: new Userfaultfd(kernel(), raw, undefined), ...rest }
    },
    support(options = {}) {
      const checked = checkOptions('Userfaultfd.support()', options, supportRules)
      return probeUserfaultfd(kernel().userfaultfds, checked.userModeOnly)
    },
    [Symbol.hasInstance]: (value): value is Userfaultfd => value instanceof Userfaultfd,
  }
}
