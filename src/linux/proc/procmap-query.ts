import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'

const STRUCTURE = 104
const LONGEST_NAME = 4096

/** Requests the next area where none contains the address. */
export const COVERING_OR_NEXT = 0x10

const { ENOENT, ESRCH, EINVAL, ENOTTY, ENAMETOOLONG } = ERRNO_RESULT

/** The answer of this thread's last `procmapQuery`, which the next one overwrites. */
const procmapAnswer: Uint8Array = new Uint8Array(STRUCTURE + LONGEST_NAME)
const longs = new BigUint64Array(procmapAnswer.buffer, 0, STRUCTURE / 8)
const words = new Uint32Array(procmapAnswer.buffer, 0, STRUCTURE / 4)
const withoutName = procmapAnswer.subarray(0, STRUCTURE)

/** The indices of the fields of `struct procmap_query` in `longs` or `words`. */
export const procmapFields = {
  start: () => longs[3]!,
  end: () => longs[4]!,
  /** The bits of `PROT`, and 8 for a shared area. */
  permissions: () => words[10]!,
  offset: () => longs[7]!,
  inode: () => longs[8]!,
  deviceMajor: () => words[18]!,
  deviceMinor: () => words[19]!,
  name: () => procmapAnswer.slice(STRUCTURE, STRUCTURE + Math.max(0, words[20]! - 1)),
}

/** The result of a query: an answer, no such area, or a kernel without the call. */
export type ProcmapOutcome = 'found' | 'none' | 'name-too-long' | 'unsupported'

/**
 * `PROCMAP_QUERY` on an open /proc/PID/maps: the area that contains `address`, or with `COVERING_OR_NEXT` the next one.
 *
 * Throws `VmError` `ESRCH` when the address space is gone.
 */
export function procmapQuery(descriptor: number, address: bigint, flags: number): ProcmapOutcome {
  const code = addon().procmapQuery(descriptor, address, flags, procmapAnswer)
  if (code === 0) return 'found'
  if (code === ENOENT) return 'none'
  if (code === ENOTTY || code === EINVAL) return 'unsupported'
  if (code === ENAMETOOLONG) {
    // A path longer than PATH_MAX: the rest of the answer is still valid.
    return addon().procmapQuery(descriptor, address, flags, withoutName) === 0 ? 'name-too-long' : 'none'
  }
  throw new VmError(code, 'ioctl(PROCMAP_QUERY)', {
    address,
    ...(code === ESRCH ? { hint: 'the process, or the program it ran, has gone' } : {}),
  })
}
