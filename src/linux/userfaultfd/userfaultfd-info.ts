import { readProcFile } from '../proc/read-proc-file.js'

/** The record of a userfaultfd in `/proc/self/fdinfo`. */
export interface UserfaultfdInfo {
  /** Faults that were not read. */
  readonly pending: number
  /** Threads that wait. */
  readonly total: number
  readonly features: bigint
  /** `UFFDIO_API` is done. */
  readonly initialized: boolean
  readonly flags: number
}

const INITIALIZED = 1n << 31n

/** Throws `VmError` `ENOENT` where the descriptor is not open, or there is no /proc; `features` is 0 for any other kind of file. */
export function userfaultfdInfo(descriptor: number): UserfaultfdInfo {
  const text = readProcFile(
    `/proc/self/fdinfo/${descriptor}`,
    'has the features and the unread faults of a userfaultfd',
  )
  const [, features] = /^API:\s+[0-9a-f]+:([0-9a-f]+):/m.exec(text) ?? []
  const bits = BigInt(`0x${features ?? '0'}`)
  return {
    pending: Number(/^pending:\s+(\d+)/m.exec(text)?.[1] ?? 0),
    total: Number(/^total:\s+(\d+)/m.exec(text)?.[1] ?? 0),
    features: bits & ~INITIALIZED,
    // A kernel before 5.16 lacks the bit and shows the features alone.
    initialized: (bits & INITIALIZED) !== 0n || bits !== 0n,
    flags: Number.parseInt(/^flags:\s+([0-7]+)/m.exec(text)?.[1] ?? '0', 8),
  }
}
