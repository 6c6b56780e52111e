import { closeSync } from 'node:fs'
import { openProcFile } from '../proc/open-proc-file.js'
import { pagemapRegions } from '../proc/pagemap-regions.js'

/** Categories of `PAGEMAP_SCAN`. */
const PAGE = { WRITTEN: 2, PRESENT: 8, SWAPPED: 16 } as const
/**
 * A flag: protect what matches, and pass over areas whose protection the kernel does not lift itself. (Its neighbour fails at one of them,
 * after it has protected those before, so that their writes would be lost.)
 */
const PROTECT = 1

type Range = readonly [start: number, end: number]

/** A look at another process's page table, valid for the call of `look`. Throws `VmError`: `EACCES` or `EPERM`, `ESRCH`. */
export function withGuestPagemap<Result>(pid: number, look: (pagemap: GuestPagemap) => Result): Result {
  const descriptor = openProcFile(pid, 'pagemap')
  try {
    return look(new GuestPagemap(descriptor))
  } finally {
    closeSync(descriptor)
  }
}

export class GuestPagemap {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** The pages of [start, end) that are in memory or swapped out. */
  present(start: number, end: number): Range[] {
    return this.#scan(start, end, { flags: 0, wanted: 0, told: PAGE.PRESENT | PAGE.SWAPPED })
  }

  /** Those that are not write-protected. With `reset` they are protected in the same step. */
  written(start: number, end: number, reset: boolean): Range[] {
    const told = PAGE.WRITTEN | PAGE.PRESENT | PAGE.SWAPPED
    return this.#scan(start, end, { flags: reset ? PROTECT : 0, wanted: PAGE.WRITTEN, told })
  }

  #scan(start: number, end: number, scan: { flags: number; wanted: number; told: number }): Range[] {
    return (
      [...pagemapRegions(this.#descriptor, BigInt(start), BigInt(end), scan)]
        // A missing page that is not protected is written as well, for this call.
        .filter(({ categories }) => (categories & (PAGE.PRESENT | PAGE.SWAPPED)) !== 0)
        .map((run) => [Number(run.start), Number(run.end)] as const)
    )
  }
}
