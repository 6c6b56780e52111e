import type { Area } from './area.js'

/** A run of neighbouring pages in the same state. `[start, end)`, and a mask of `PAGE_STATE`. */
export interface PageRun {
  readonly start: bigint
  readonly end: bigint
  readonly state: number
}

export interface AreasOptions {
  /** Asks for the flags and the usage of all of them in the same pass; without it, each area asks when it is asked. */
  readonly usage?: boolean
}

/**
 * The raw `mm_struct`: one address space, which may have been torn down, with its lock.
 *
 * On Linux the lock is the library's own, shared by all threads of this process; for another process it is no lock at all, and
 * what was read is true for the moment it was read.
 */
export interface AddressSpace {
  /** The process, for messages. */
  readonly pid: number

  /** `mmget_not_zero`: pins the users of the address space. `false` when it is gone. */
  tryGet(): boolean
  /** `mmput` */
  put(): void
  /** `mmap_read_lock`. Throws `EDEADLK` when this thread holds the write side. */
  readLock(): void
  /** `mmap_read_trylock` */
  tryReadLock(): boolean
  /** `mmap_read_unlock` */
  readUnlock(): void

  /** `vma_lookup`: the area that contains `address`. */
  lookup(address: bigint): Area | undefined
  /** The areas that overlap `[from, to)`, in order of address, not clipped. */
  areas(from: bigint, to: bigint, options?: AreasOptions): Iterable<Area>
  /** The states of the pages in `[from, to)`, as runs; what is not mapped is left out, and what is mapped and not there has state 0. */
  pages(from: bigint, to: bigint): Iterable<PageRun>
  /** The time of `pages` goes with what is in memory, and not with how wide the range is. */
  readonly scansPages?: boolean
  /** The bits of `PAGE_STATE` that this kernel can tell: for the others, 0 says nothing. All of them where it is missing. */
  readonly knownPageStates?: number
  /** process_vm_readv(2): copies memory into `target`. Returns the bytes that could be read, which may be fewer. */
  readMemory(address: bigint, target: Uint8Array): number
  /** process_madvise(2). Returns the bytes that were advised. */
  advise(address: bigint, length: number, advice: number): number
  /** Gives up what the address space holds of the system, such as descriptors. It can't be used any more. */
  close?(): void
}
