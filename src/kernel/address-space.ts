import type { Area } from './area.js'

/** A run of neighbouring pages in the same state: `[start, end)`, and a mask of `PAGE_STATE`. */
export interface PageRun {
  /** The address of the first page. */
  readonly start: bigint
  /** The address after the last page. */
  readonly end: bigint
  /** The bits of `PAGE_STATE` that all pages of the run have. */
  readonly state: number
}

/** How the areas of an iteration are read. */
export interface AreasOptions {
  /** Reads the flags and the usage of all areas in the same pass. By default each area reads its own at their first use. */
  readonly usage?: boolean
}

/**
 * The raw `mm_struct`: one address space, which may have been torn down, with its lock.
 *
 * On Linux the lock belongs to the library, one for all threads of this process. For another process it holds nothing off, and an
 * answer may be stale when it is read.
 */
export interface AddressSpace {
  /** The number of the process, for messages. */
  readonly pid: number

  /** `mmget_not_zero`: pins the users of the address space. `false` when it has none. */
  tryGet(): boolean
  /** `mmput` */
  put(): void
  /** `mmap_read_lock`. Throws `EDEADLK` when this thread holds the write side. */
  readLock(): void
  /** The guards that hold it for reading on this thread, by their class; not of another process. */
  readonly guards?: string[] | undefined
  /** `mmap_read_trylock` */
  tryReadLock(): boolean
  /** `mmap_read_unlock` */
  readUnlock(): void

  /** `vma_lookup`: the area that contains `address`. */
  lookup(address: bigint): Area | undefined
  /** The areas that overlap `[from, to)`, in order of address, not clipped. */
  areas(from: bigint, to: bigint, options?: AreasOptions): Iterable<Area>
  /** The states of the pages in `[from, to)`, as runs; gaps are left out, and pages that are mapped but not in memory have state 0. */
  pages(from: bigint, to: bigint): Iterable<PageRun>
  /** Whether the time of `pages` grows with the pages in memory, not with the length of the range. */
  readonly scansPages?: boolean
  /** The bits of `PAGE_STATE` that this kernel reports: 0 in another bit means unknown. All of them where it is missing. */
  readonly knownPageStates?: number
  /** process_vm_readv(2): copies memory into `target`. Returns the number of bytes that were copied, which may be smaller. */
  readMemory(address: bigint, target: Uint8Array): number
  /**
   * What of `[address, address + length)` may be the engine's, a stack, the heap or loaded code: the first such area, in words. Missing
   * where no program runs in the memory.
   */
  foreign?(address: bigint, length: number): string | undefined
  /** process_madvise(2). Returns the number of bytes that were advised. */
  advise(address: bigint, length: number, advice: number): number
  /** Closes the descriptors of the address space. Later calls throw. */
  close?(): void
}
