import { closeSync, readlinkSync } from 'node:fs'
import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import type { ReceivedRaw, ReceiveOptions, SendOptions, UserfaultfdCalls } from '../kernel/userfaultfd-calls.js'
import { UFFD } from '../vocabulary/uffd.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { addon } from './addon.js'
import { check } from './check.js'
import { explainDeviceRefusal, explainSystemCallRefusal } from './explain-userfaultfd-refusal.js'
import { LinuxUserfaultfd } from './linux-userfaultfd.js'
import { mailbox } from './mailbox.js'
import { receiveDescriptors } from './receive-descriptors.js'
import { sendDescriptors } from './send-descriptors.js'
import { userfaultfdInfo } from './userfaultfd-info.js'

const EBUSY = -16

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
      const opened = mailbox().results[0] === 1
      throw new VmError(descriptor, opened ? 'USERFAULTFD_IOC_NEW' : 'open', {
        path: '/dev/userfaultfd',
        hint: explainDeviceRefusal(-descriptor, opened),
      })
    }
    return own(descriptor, flags)
  }

  adoptUserfaultfd(descriptor: number, parent?: RawUserfaultfd): LinuxUserfaultfd {
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
      return { raw: this.adoptUserfaultfd(descriptor), message, descriptors, pid }
    } catch (error) {
      for (const other of descriptors) closeSync(other)
      if (descriptor !== undefined) closeSync(descriptor)
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
  if (handle < 0) closeSync(descriptor)
  return new LinuxUserfaultfd(check(handle, 'userfaultfd'), 0n, (flags & UFFD.NONBLOCK) !== 0)
}

function linkOf(descriptor: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    throw new VmError('EBADF', 'userfaultfd', { hint: `descriptor ${descriptor} is not open` })
  }
}
