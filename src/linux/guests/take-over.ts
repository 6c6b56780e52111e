import { readdirSync, readlinkSync } from 'node:fs'
import type { GuestRegion, OnGuestFailure } from '../../kernel/guest-host.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { closeDescriptor } from '../addon/close-descriptor.js'
import { LinuxGuest } from './linux-guest.js'

/** Takes the userfaultfd out of a monitor whose handler has ended: pidfd_getfd(2). */
export function takeOver(
  pid: number,
  regions: readonly GuestRegion[],
  onFailure: OnGuestFailure,
  log: number,
): LinuxGuest {
  const pidfd = check(addon().pidfdOpen(pid), 'pidfd_open')
  try {
    const userfaultfd = addon().pidfdGet(pidfd, userfaultfdOf(pid))
    if (userfaultfd < 0) throw new VmError(userfaultfd, 'pidfd_getfd', { hint: WHO_MAY })
    try {
      return new LinuxGuest({ userfaultfd, pidfd, pid, log }, regions, onFailure, () => {})
    } catch (error) {
      closeDescriptor(userfaultfd)
      throw error
    }
  } catch (error) {
    closeDescriptor(pidfd)
    throw error
  }
}

const WHO_MAY =
  'taking a descriptor requires the right to trace the monitor: root, CAP_SYS_PTRACE, or its own user where it may be dumped'

/** The first of the process's descriptors that is a userfaultfd. */
function userfaultfdOf(pid: number): number {
  const folder = `/proc/${pid}/fd`
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch (cause) {
    throw new VmError((cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'ESRCH' : 'EPERM', 'pidfd_getfd', {
      hint: WHO_MAY,
      cause,
    })
  }
  const found = names
    .map(Number)
    .sort((one, other) => one - other)
    .find((name) => linkAt(`${folder}/${name}`) === 'anon_inode:[userfaultfd]')
  if (found === undefined) throw new VmError('ESRCH', 'pidfd_getfd', { hint: `process ${pid} has no userfaultfd` })
  return found
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined // It was closed meanwhile.
  }
}
