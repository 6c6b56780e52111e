import type { RawUserfaultfd } from '../../kernel/raw-userfaultfd.js'
import { addon } from '../../linux/addon/addon.js'
import { LinuxKernel } from '../../linux/linux-kernel.js'
import { UFFD } from '../../vocabulary/uffd.js'
import { UFFD_FEATURE } from '../../vocabulary/uffd-feature.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { answerWords } from './answer-words.js'
import type { Capability } from './capability.js'
import { kernelFile } from './kernel-file.js'
import { newerKernel, type Since } from './newer-kernel.js'

const FLAGS = UFFD.CLOEXEC | UFFD.NONBLOCK
const WP = 'CONFIG_HAVE_ARCH_USERFAULTFD_WP and CONFIG_PTE_MARKER_UFFD_WP'
const FEATURES: readonly (readonly [
  name: string,
  feature: keyof typeof UFFD_FEATURE,
  purpose: string,
  since: Since,
  configuration: string,
])[] = [
  ['write protection', 'PAGEFAULT_FLAG_WP', 'telling of writes to pages', { x64: '5.7', arm64: '6.10' }, WP],
  ['fork events', 'EVENT_FORK', 'following a child', '4.11', 'CONFIG_USERFAULTFD'],
  ['missing, shared', 'MISSING_SHMEM', 'devices: pages of a memory file', '4.11', 'CONFIG_SHMEM'],
  [
    'minor, shared',
    'MINOR_SHMEM',
    'devices: mapping the page that was filled',
    '5.14',
    'CONFIG_HAVE_ARCH_USERFAULTFD_MINOR',
  ],
  ['poison', 'POISON', 'an error in place of a page', '6.6', 'CONFIG_USERFAULTFD'],
  ['async write protection', 'WP_ASYNC', 'marking writes without a message', { x64: '6.7', arm64: '6.10' }, WP],
  ['move', 'MOVE', 'giving pages instead of copying them', '6.8', 'CONFIG_USERFAULTFD'],
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
  const { userfaultfds } = new LinuxKernel()
  const byDevice = attempt(() => userfaultfds.userfaultfdFromDevice(FLAGS))
  const byCall = attempt(() => userfaultfds.userfaultfd(FLAGS))
  const userMode = attempt(() => userfaultfds.userfaultfd(FLAGS | UFFD.USER_MODE_ONLY))
  const full = byDevice.features !== undefined || byCall.features !== undefined
  const setting = kernelFile('/proc/sys/vm/unprivileged_userfaultfd')
  yield {
    name: 'userfaultfd',
    available: full,
    purpose: 'serving faults, those of system calls included',
    found: `/dev/userfaultfd: ${byDevice.words}; system call: ${byCall.words}${setting === undefined ? '' : `; vm.unprivileged_userfaultfd is ${setting}`}`,
    ...(full
      ? {}
      : {
          fallback:
            userMode.features !== undefined
              ? 'user-mode-only: fs.write and other system calls that are given a page that is not there fail with EFAULT'
              : 'the fault guard takes the faults itself',
          remedy: byCall.words.startsWith('EPERM')
            ? 'access to /dev/userfaultfd (its group), CAP_SYS_PTRACE, or sysctl vm.unprivileged_userfaultfd=1; in a container also a seccomp filter that lets it pass'
            : 'a kernel with CONFIG_USERFAULTFD and a container whose seccomp filter lets userfaultfd(2) pass',
        }),
  }
  yield {
    name: 'userfaultfd, user mode',
    available: userMode.features !== undefined,
    purpose: 'serving faults without a privilege',
    found: userMode.words,
    ...(userMode.features !== undefined
      ? {}
      : {
          fallback: full ? 'not needed: the full one is there' : 'the fault guard takes the faults itself',
          remedy: newerKernel(
            '5.11',
            'a kernel with CONFIG_USERFAULTFD, and a seccomp filter that lets userfaultfd(2) pass',
          ),
        }),
  }
  const features = byDevice.features ?? byCall.features ?? userMode.features
  if (features === undefined) return
  for (const [name, feature, purpose, since, configuration] of FEATURES) {
    const available = (features & UFFD_FEATURE[feature]) !== 0n
    yield {
      name: `  ${name}`,
      available,
      purpose,
      found: available ? 'offered' : 'not offered',
      ...(available ? {} : { remedy: newerKernel(since, `a kernel with ${configuration}`) }),
    }
  }
}

/** Opens one, asks what it offers, and closes it. */
function attempt(open: () => RawUserfaultfd): { readonly features?: bigint; readonly words: string } {
  try {
    const userfaultfd = open()
    try {
      return { features: userfaultfd.api(0n).features, words: 'works' }
    } finally {
      userfaultfd.close('zero')
    }
  } catch (error) {
    if (!(error instanceof VmError)) throw error
    return { words: answerWords(error.errno) }
  }
}
