import { readFileSync } from 'node:fs'
import type { RefusedCall } from '../kernel/refused-call.js'
import type { AddonFunctions } from './addon/addon-functions.js'
import { hasCapability } from './proc/has-capability.js'

const RLIMIT = { DATA: 2, MEMLOCK: 8, AS: 9 } as const

const CAP_IPC_LOCK = 14

/** `kPartForOthers` of `native/region/area-room.cc`. */
const PART_FOR_OTHERS = 64
/** From this length on, the free ranges of addresses may all be shorter. */
const LONG = 2 ** 40

/**
 * Which limit made a call fail, with its value. The kernel has one error number for all of them. A limit is named only where the kernel
 * must have refused the call because of it: a file or a driver can answer with the same number for reasons of its own.
 *
 * The addon counts VMAs on its stack, because no memory may be left.
 */
export function explainLimit(addon: AddonFunctions, call: RefusedCall): string | undefined {
  try {
    return explain(addon, call)
  } catch {
    return undefined // The explanation may fail for the same want.
  }
}

function explain(addon: AddonFunctions, call: RefusedCall): string | undefined {
  const { code, syscall, length } = call
  // Of memory that mlockall(2) locks, mmap and mremap say EAGAIN; of a limit of 0, mlock says EPERM.
  if (syscall.startsWith('mlock'))
    return explainLocked(addon, length) ?? (code === 'ENOMEM' ? explainMapCount(addon) : undefined)
  // madvise(2) says EAGAIN where an area can't be split.
  if (syscall === 'madvise') return code === 'EPERM' ? undefined : explainMapCount(addon)
  if (code === 'EAGAIN') return syscall === 'mmap' || syscall === 'mremap' ? explainLocked(addon, length) : undefined
  if (code !== 'ENOMEM') return undefined
  const asksForAddresses = syscall === 'mmap' || syscall === 'mremap'
  if (asksForAddresses && length >= 2 ** 47) return 'a process has 2^47 bytes of addresses'
  const count = explainMapCount(addon)
  if (count !== undefined) return count
  return (asksForAddresses ? explainAddresses(addon, length) : undefined) ?? explainPromise(addon, call)
}

function explainMapCount(addon: AddonFunctions): string | undefined {
  const limit = Number(readFileSync('/proc/sys/vm/max_map_count', 'latin1'))
  const areas = addon.countAreas()
  // mremap requires three more areas, a split one.
  if (areas < limit - Math.floor(limit / PART_FOR_OTHERS) - 4) return undefined
  return (
    `the process has ${areas} memory areas and vm.max_map_count is ${limit}, of which a part is left to the engine; raise it with sysctl, or hold ` +
    `fewer, larger mappings. ${addon.countUnreachable()} ranges that were unmapped are held for buffers, and are freed, as dropped mappings are, ` +
    'after garbage collection in a turn of the event loop: await one'
  )
}

function explainAddresses(addon: AddonFunctions, length: number): string | undefined {
  const size = kibibytes(readFileSync('/proc/self/status', 'latin1'), 'VmSize')
  const limit = addon.getrlimit(RLIMIT.AS)
  if (size + length > limit) return `RLIMIT_AS is ${limit} bytes, of which ${size} are in use (ulimit -v)`
  if (length < LONG) return undefined
  const longest = longestFreeRange(readFileSync('/proc/self/maps', 'latin1'))
  return length > longest ? `the longest free range of addresses has ${longest} bytes` : undefined
}

function longestFreeRange(maps: string): number {
  let longest = 0
  let end = 0
  for (const [, from, to] of maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm)) {
    const start = Math.min(Number.parseInt(from!, 16), 2 ** 47)
    longest = Math.max(longest, start - end)
    end = Number.parseInt(to!, 16)
  }
  return Math.max(longest, 2 ** 47 - end)
}

function explainLocked(addon: AddonFunctions, length: number): string | undefined {
  if (hasCapability(CAP_IPC_LOCK) && isInFirstUserNamespace()) return undefined
  const limit = addon.getrlimit(RLIMIT.MEMLOCK)
  const locked = kibibytes(readFileSync('/proc/self/status', 'latin1'), 'VmLck')
  if (locked + length <= limit) return undefined
  return `RLIMIT_MEMLOCK is ${limit} bytes, of which ${locked} are locked (ulimit -l, or CAP_IPC_LOCK)`
}

/** The kernel heeds `CAP_IPC_LOCK` of the first user namespace alone, which maps every number. */
function isInFirstUserNamespace(): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'))
}

/** The limits of memory that is private and writable, and of memory that the kernel promises. */
function explainPromise(addon: AddonFunctions, { length, isData, isPromised }: RefusedCall): string | undefined {
  if (isData) {
    const data = kibibytes(readFileSync('/proc/self/status', 'latin1'), 'VmData')
    const limit = addon.getrlimit(RLIMIT.DATA)
    if (data + length > limit) return `RLIMIT_DATA is ${limit} bytes, of which ${data} are in use (ulimit -d)`
  }
  const mode = readFileSync('/proc/sys/vm/overcommit_memory', 'latin1').trim()
  const information = readFileSync('/proc/meminfo', 'latin1')
  // Without overcommitment memory counts against the commit limit in spite of MAP_NORESERVE.
  if (mode === '2' && (isData || isPromised)) {
    const [limit, committed] = [kibibytes(information, 'CommitLimit'), kibibytes(information, 'Committed_AS')]
    if (committed + length <= limit) return undefined
    return `vm.overcommit_memory is 2 and the commit limit is ${limit} bytes, of which ${committed} are committed`
  }
  const total = kibibytes(information, 'MemTotal') + kibibytes(information, 'SwapTotal')
  if (mode !== '0' || !isPromised || length <= total) return undefined
  return `the machine has ${total} bytes of memory and swap, and vm.overcommit_memory is 0; noReserve: true or a reservation asks for addresses only`
}

function kibibytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}
