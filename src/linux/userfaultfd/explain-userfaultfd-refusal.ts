import { readFileSync, statSync } from 'node:fs'
import { errnoName } from '../../vocabulary/errno-name.js'
import { UFFD } from '../../vocabulary/uffd.js'

/** Why `/dev/userfaultfd` opened no userfaultfd, and what would help. */
export function explainDeviceRefusal(errno: number, opened: boolean): string {
  if (opened) return 'the device opened and refused: a security module or an eBPF program forbids it'
  const name = errnoName(errno)
  if (name === 'ENOENT') return 'there is no such device: it needs Linux 6.1, and in a container to be passed in'
  if (name === 'EACCES') {
    return `it has ${deviceRights()}: let this user read it (chmod, chown or a udev rule)`
  }
  if (name === 'EPERM') return 'the device group of this container forbids it: allow character device 10:* or this one'
  return 'the device could not be opened'
}

/** Why userfaultfd(2) opened none, and what would help. */
export function explainSystemCallRefusal(errno: number, flags: number): string {
  const name = errnoName(errno)
  const userModeOnly = (flags & UFFD.USER_MODE_ONLY) !== 0
  if (name === 'ENOSYS') return 'the kernel is built without CONFIG_USERFAULTFD, or a seccomp filter hides the call'
  if (name !== 'EPERM') return 'the call failed'
  if (userModeOnly) {
    return `faults of the program alone need no privilege, so ${filter()}: allow userfaultfd in the container's seccomp profile`
  }
  const setting = unprivilegedSetting()
  if (setting === '1')
    return `vm.unprivileged_userfaultfd is 1, so ${filter()}: allow userfaultfd in the container's seccomp profile`
  return `it needs CAP_SYS_PTRACE, or vm.unprivileged_userfaultfd=1 (it is ${setting ?? 'not known'}), and a seccomp filter that allows it`
}

function filter(): string {
  const mode = /^Seccomp:\s+(\d)/m.exec(readOrEmpty('/proc/self/status'))?.[1]
  return mode === '2' ? 'the seccomp filter of this process forbids it' : 'a security module forbids it'
}

function unprivilegedSetting(): string | undefined {
  return readOrEmpty('/proc/sys/vm/unprivileged_userfaultfd').trim() || undefined
}

function deviceRights(): string {
  try {
    const { mode, uid, gid } = statSync('/dev/userfaultfd')
    return `mode ${(mode & 0o777).toString(8).padStart(4, '0')}, owner ${uid}, group ${gid}, and this is user ${process.getuid?.()}`
  } catch {
    return 'rights that can not be seen'
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
