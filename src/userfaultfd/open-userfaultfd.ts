import type { RawUserfaultfd } from '../kernel/raw-userfaultfd.js'
import type { UserfaultfdCalls } from '../kernel/userfaultfd-calls.js'
import { UFFD } from '../vocabulary/uffd.js'
import { VmError } from '../vocabulary/vm-error.js'
import type { UserfaultfdWay } from './userfaultfd-options.js'

/** A refused way to open a userfaultfd. */
export interface UserfaultfdRefusal {
  /** The way that was tried. */
  readonly way: UserfaultfdWay
  /** What the kernel answered, such as `EPERM`. */
  readonly error: VmError
}

/** A userfaultfd before `UFFDIO_API`, the way in which it was opened, and the ways that were refused before. */
export interface OpenedUserfaultfd {
  readonly raw: RawUserfaultfd
  readonly way: UserfaultfdWay
  readonly refusals: readonly UserfaultfdRefusal[]
}

const FLAGS = UFFD.CLOEXEC | UFFD.NONBLOCK

const ways: Record<UserfaultfdWay, (calls: UserfaultfdCalls) => RawUserfaultfd> = {
  device: (calls) => calls.userfaultfdFromDevice(FLAGS),
  syscall: (calls) => calls.userfaultfd(FLAGS),
  'user-mode-only': (calls) => calls.userfaultfd(FLAGS | UFFD.USER_MODE_ONLY),
}

const names: Record<UserfaultfdWay, string> = {
  device: '/dev/userfaultfd',
  syscall: 'userfaultfd(2)',
  'user-mode-only': 'userfaultfd(2) with UFFD_USER_MODE_ONLY',
}

/** Tries the ways in order: the device, the system call, the system call for faults of the program alone. */
export function openUserfaultfd(calls: UserfaultfdCalls, userModeOnly: boolean | undefined): OpenedUserfaultfd {
  const tried: UserfaultfdWay[] =
    userModeOnly === undefined
      ? ['device', 'syscall', 'user-mode-only']
      : userModeOnly
        ? ['user-mode-only']
        : ['device', 'syscall']
  const refusals: UserfaultfdRefusal[] = []
  for (const way of tried) {
    try {
      return { raw: ways[way](calls), way, refusals }
    } catch (error) {
      if (!(error instanceof VmError)) throw error
      refusals.push({ way, error })
    }
  }
  throw refused(refusals)
}

function refused(refusals: readonly UserfaultfdRefusal[]): VmError {
  const reasons = refusals.map(({ way, error }) => `${names[way]} said ${error.message}`).join('; ')
  const last = refusals.at(-1)!.error
  return new VmError(last.errno, 'userfaultfd', {
    hint: `no way to one is open. ${reasons}`,
    cause: new AggregateError(
      refusals.map(({ error }) => error),
      'every way to a userfaultfd was refused',
    ),
  })
}
