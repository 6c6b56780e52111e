import { readFileSync } from 'node:fs'
import type { AddonFunctions } from './addon/addon-functions.js'

const RLIMIT = { DATA: 2, MEMLOCK: 8, AS: 9 } as const

/** `kPartForOthers` of `native/region/area-room.cc`. */
const PART_FOR_OTHERS = 64

/**
 * Which limit made a call fail for lack of memory, with its value. The kernel has one error number for all of them. The addon counts VMAs
 * on its stack, because no memory may be left.
 */
export function explainLimit(addon: AddonFunctions, syscall: string, length: number): string | undefined {
  try {
    if (syscall.startsWith('mlock')) return explainLocked(addon, length) ?? explainMapCount(addon)
    return explainMapCount(addon) ?? explainResource(addon, length) ?? explainOvercommit(length)
  } catch {
    return undefined // The explanation may fail for the same want.
  }
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

function explainResource(addon: AddonFunctions, length: number): string | undefined {
  const status = readFileSync('/proc/self/status', 'latin1')
  const size = kibibytes(status, 'VmSize')
  const data = kibibytes(status, 'VmData')
  const addressSpace = addon.getrlimit(RLIMIT.AS)
  if (size + length > addressSpace) {
    return `RLIMIT_AS is ${addressSpace} bytes, of which ${size} are in use (ulimit -v)`
  }
  const dataLimit = addon.getrlimit(RLIMIT.DATA)
  if (data + length > dataLimit) return `RLIMIT_DATA is ${dataLimit} bytes, of which ${data} are in use (ulimit -d)`
  return undefined
}

function explainLocked(addon: AddonFunctions, length: number): string | undefined {
  const limit = addon.getrlimit(RLIMIT.MEMLOCK)
  const locked = kibibytes(readFileSync('/proc/self/status', 'latin1'), 'VmLck')
  if (locked + length <= limit) return undefined
  return `RLIMIT_MEMLOCK is ${limit} bytes, of which ${locked} are locked (ulimit -l, or CAP_IPC_LOCK)`
}

function explainOvercommit(length: number): string | undefined {
  if (length >= 2 ** 47) return 'a process has 2^47 bytes of addresses'
  const mode = readFileSync('/proc/sys/vm/overcommit_memory', 'latin1').trim()
  const information = readFileSync('/proc/meminfo', 'latin1')
  if (mode === '2') {
    const limit = kibibytes(information, 'CommitLimit')
    return `vm.overcommit_memory is 2 and the commit limit is ${limit} bytes, of which ${kibibytes(information, 'Committed_AS')} are committed`
  }
  const total = kibibytes(information, 'MemTotal') + kibibytes(information, 'SwapTotal')
  if (mode === '0' && length > total) {
    return `the machine has ${total} bytes of memory and swap, and vm.overcommit_memory is 0; noReserve: true or a reservation asks for addresses only`
  }
  return undefined
}

function kibibytes(text: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}
