import { addon } from '../../linux/addon.js'
import { answerWords } from './answer-words.js'
import type { Capability } from './capability.js'
import { kernelFile } from './kernel-file.js'

const USER_MODE_ONLY = 1
const EPERM = -1
const FEATURES: readonly (readonly [name: string, bit: number, purpose: string, since: string])[] = [
  ['write protection', 0, 'telling of writes to pages (pagefault_flag_wp)', '5.7'],
  ['fork events', 1, 'following a child (event_fork)', '4.11'],
  ['missing, shared', 5, 'devices: pages of a memory file (missing_shmem)', '4.11'],
  ['minor, shared', 10, 'devices: mapping the page that was filled (minor_shmem)', '5.14'],
  ['poison', 14, 'an error in place of a page (poison)', '6.6'],
  ['async write protection', 15, 'marking writes without a message (wp_async)', '6.7'],
  ['move', 16, 'giving pages instead of copying them (move)', '6.8'],
]

/** What is needed to catch faults. */
export function* catching(): Generator<Capability> {
  const guard = addon().installGuard()
  yield {
    name: 'fault guard',
    available: guard >= 0,
    purpose: 'a bad access is an error and not the end of the process',
    found: answerWords(guard),
    ...(guard >= 0 ? {} : { remedy: 'a system that lets sigaction(2) pass' }),
  }
  const byDevice = addon().probeUserfaultfdDevice()
  const byCall = addon().probeUserfaultfd(0)
  const userMode = addon().probeUserfaultfd(USER_MODE_ONLY)
  const full = byDevice >= 0 || byCall >= 0
  const setting = kernelFile('/proc/sys/vm/unprivileged_userfaultfd')
  yield {
    name: 'userfaultfd',
    available: full,
    purpose: 'serving faults, those of system calls included',
    found: `/dev/userfaultfd: ${answerWords(byDevice)}; system call: ${answerWords(byCall)}${setting === undefined ? '' : `; vm.unprivileged_userfaultfd is ${setting}`}`,
    ...(full
      ? {}
      : {
          fallback:
            userMode >= 0
              ? 'user-mode-only: a system call on a page that is not there fails with EFAULT'
              : 'the fault guard takes the faults itself',
          remedy:
            byCall === EPERM
              ? 'access to /dev/userfaultfd (its group), CAP_SYS_PTRACE, or sysctl vm.unprivileged_userfaultfd=1; in a container also a seccomp filter that lets it pass'
              : 'a kernel with CONFIG_USERFAULTFD and a container whose seccomp filter lets userfaultfd(2) pass',
        }),
  }
  yield {
    name: 'userfaultfd, user mode',
    available: userMode >= 0,
    purpose: 'serving faults without a privilege',
    found: answerWords(userMode),
    ...(userMode >= 0
      ? {}
      : {
          fallback: full ? 'not needed: the full one is there' : 'the fault guard takes the faults itself',
          remedy: 'Linux 5.11 or later, and a seccomp filter that lets userfaultfd(2) pass',
        }),
  }
  const features = Math.max(byDevice, byCall, userMode)
  if (features < 0) return
  for (const [name, bit, purpose, since] of FEATURES) {
    const available = Math.floor(features / 2 ** bit) % 2 === 1
    yield {
      name: `  ${name}`,
      available,
      purpose,
      found: available ? 'offered' : 'not offered',
      ...(available ? {} : { remedy: `Linux ${since} or later` }),
    }
  }
}
