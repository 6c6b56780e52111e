import type { RawUserfaultfd } from '../../kernel/raw-userfaultfd.js'
import type { ReceivedRaw, ReceiveOptions, SendOptions, UserfaultfdCalls } from '../../kernel/userfaultfd-calls.js'
import { UFFD } from '../../vocabulary/uffd.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { sharedResults } from '../addon/shared-results.js'
import { linkOf } from '../proc/link-of.js'
import { adoptUserfaultfd } from './adopt-userfaultfd.js'
import { explainDeviceRefusal, explainSystemCallRefusal } from './explain-userfaultfd-refusal.js'
import { LinuxUserfaultfd } from './linux-userfaultfd.js'
import { receiveDescriptors } from './receive-descriptors.js'
import { registerReceived } from './register-received.js'
import { sendDescriptors } from './send-descriptors.js'

/** Userfaultfds of this process. */
export class LinuxUserfaultfdCalls implements UserfaultfdCalls {
  userfaultfd(flags: number): LinuxUserfaultfd {
    const descriptor = addon().uffdCreate(flags)
    if (descriptor < 0) {
      throw new VmError(descriptor, 'userfaultfd', { hint: explainSystemCallRefusal(-descriptor, flags) })
    }
    return own(descriptor, flags)
  }

  userfaultfdFromDevice(flags: number): LinuxUserfaultfd {
    const descriptor = addon().uffdCreateFromDevice(flags)
    if (descriptor < 0) {
      const opened = sharedResults().results[0] === 1
      throw new VmError(descriptor, opened ? 'USERFAULTFD_IOC_NEW' : 'open', {
        path: '/dev/userfaultfd',
        hint: explainDeviceRefusal(-descriptor, opened),
      })
    }
    return own(descriptor, flags)
  }

  adoptUserfaultfd(descriptor: number, parent?: RawUserfaultfd): LinuxUserfaultfd {
    return adoptUserfaultfd(descriptor, parent)
  }

  setNonblocking(descriptor: number): void {
    check(addon().setNonblocking(descriptor), 'fcntl')
  }

  async receive(socketPath: string, options: ReceiveOptions): Promise<ReceivedRaw> {
    const { descriptors, message, pid } = await receiveDescriptors(socketPath, options)
    const at = descriptors.findIndex((descriptor) => linkOf(descriptor) === 'anon_inode:[userfaultfd]')
    const [descriptor] = at < 0 ? [] : descriptors.splice(at, 1)
    try {
      if (descriptor === undefined) {
        throw new VmError('EINVAL', 'recvmsg', {
          path: socketPath,
          hint: `${message.length} bytes and ${descriptors.length} descriptors came, and no userfaultfd`,
        })
      }
      const raw = this.adoptUserfaultfd(descriptor)
      if (options.whenServerEnds === 'wait') raw.keepWaiting()
      if (!registerReceived(raw, pid)) raw.holdUntilRegistered()
      return { raw, message, descriptors, pid }
    } catch (error) {
      for (const other of descriptors) closeDescriptor(other)
      if (descriptor !== undefined) closeDescriptor(descriptor)
      throw error
    }
  }

  async send(raw: RawUserfaultfd, socketPath: string, options: SendOptions): Promise<void> {
    const { message, descriptors = [], listen = false, signal } = options
    await sendDescriptors(socketPath, listen, [raw.descriptor, ...descriptors], message, signal)
    ;(raw as LinuxUserfaultfd).markSent()
  }
}

function own(descriptor: number, flags: number): LinuxUserfaultfd {
  const handle = addon().uffdAdopt(descriptor, true, 0)
  if (handle < 0) closeDescriptor(descriptor)
  return new LinuxUserfaultfd(check(handle, 'userfaultfd'), 0n, (flags & UFFD.NONBLOCK) !== 0)
}
