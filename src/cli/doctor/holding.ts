import { closeSync } from 'node:fs'
import { addon } from '../../linux/addon/addon.js'
import { MADV } from '../../vocabulary/madv.js'
import { byteSize } from '../byte-size.js'
import { answerWords } from './answer-words.js'
import type { Capability } from './capability.js'
import { kernelFile } from './kernel-file.js'
import { newerKernel } from './newer-kernel.js'
import { holds } from './rights.js'

const RLIMIT_MEMLOCK = 8
/** How many areas short of the limit a process should begin to worry. */
const HEADROOM = 1000

/** What is needed to hold memory. */
export function* holding(pageSizes: readonly number[]): Generator<Capability> {
  yield areas()
  yield locking()
  yield hugePages(pageSizes)
  yield transparentHugePages()
  yield advice(
    'populate',
    MADV.POPULATE_READ,
    'bringing pages in without touching them',
    '5.14',
    'each page is touched instead',
  )
  yield advice('guard pages', MADV.GUARD_INSTALL, 'guard pages that cost no area', '6.13')
  yield advice('locked zap', MADV.DONTNEED_LOCKED, 'zapping locked memory', '5.18')
  yield sealing()
  yield memoryFiles()
}

const UNKNOWN = '/proc/self/maps and /proc/sys/vm/max_map_count would say it, and can not be read'

function areas(): Capability {
  const file = kernelFile('/proc/sys/vm/max_map_count')
  const limit = Number(file ?? Number.NaN)
  const count = addon().countAreas()
  const available = !(count > limit - HEADROOM)
  return {
    name: 'areas',
    available,
    purpose: 'how many areas a process can have',
    found: count < 0 || file === undefined ? UNKNOWN : `this process has ${count} of ${limit} (vm.max_map_count)`,
    ...(available ? {} : { remedy: 'sysctl vm.max_map_count=1048576' }),
  }
}

function locking(): Capability {
  const limit = addon().getrlimit(RLIMIT_MEMLOCK)
  const free = holds('CAP_IPC_LOCK') || limit === Number.POSITIVE_INFINITY
  return {
    name: 'locking memory',
    available: free || limit > 0,
    purpose: 'keeping pages in memory',
    found: free ? 'without a limit' : `up to ${byteSize(limit) || 'nothing'} (RLIMIT_MEMLOCK)`,
    ...(free ? {} : { remedy: 'ulimit -l, or CAP_IPC_LOCK, for more' }),
  }
}

function hugePages(sizes: readonly number[]): Capability {
  const pools = sizes.slice(1).map((size) => {
    const total = kernelFile(`/sys/kernel/mm/hugepages/hugepages-${size / 1024}kB/nr_hugepages`)
    return { size, total: Number(total ?? 0) }
  })
  const available = pools.some(({ total }) => total > 0)
  return {
    name: 'reserved huge pages',
    available,
    purpose: 'hugePages: maps of huge pages',
    found: pools.map(({ size, total }) => `${total} of ${byteSize(size)}`).join(', ') || 'the kernel has no such pages',
    ...(available || pools.length === 0 ? {} : { remedy: `sysctl vm.nr_hugepages=64, as root` }),
  }
}

function transparentHugePages(): Capability {
  const mode = /\[(\w+)\]/.exec(kernelFile('/sys/kernel/mm/transparent_hugepage/enabled') ?? '')?.[1]
  const available = mode === 'always' || mode === 'madvise'
  return {
    name: 'transparent huge pages',
    available,
    purpose: "advice 'hugepage' and 'collapse'",
    found: mode === undefined ? 'the kernel has none' : `mode ${mode}`,
    ...(available ? {} : { remedy: 'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, as root' }),
  }
}

function advice(name: string, number: number, purpose: string, since: string, fallback?: string): Capability {
  // The kernel checks the advice before the length, and does nothing for a length of 0.
  const answer = addon().madvise(0, 0, number)
  return {
    name,
    available: answer >= 0,
    purpose,
    found: answerWords(answer),
    ...(answer >= 0
      ? {}
      : {
          remedy: newerKernel(since, 'a container whose seccomp filter lets the advice pass'),
          ...(fallback === undefined ? {} : { fallback }),
        }),
  }
}

function sealing(): Capability {
  const answer = addon().mseal(0, 0, 0)
  return {
    name: 'mseal',
    available: answer >= 0,
    purpose: 'sealing areas against change',
    found: answerWords(answer),
    ...(answer >= 0
      ? {}
      : {
          remedy: newerKernel('6.10', 'a kernel of 64 bits, and a container whose seccomp filter lets mseal(2) pass'),
        }),
  }
}

function memoryFiles(): Capability {
  const descriptor = addon().memfdCreate('vmarea-doctor', 0x3)
  if (descriptor >= 0) closeSync(descriptor)
  return {
    name: 'memory files',
    available: descriptor >= 0,
    purpose: 'memfd, and the memory of devices',
    found: answerWords(descriptor),
    ...(descriptor >= 0 ? {} : { remedy: 'a container whose seccomp filter lets memfd_create(2) pass' }),
  }
}
