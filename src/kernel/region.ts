import type { FaultRecord } from './fault-record.js'
import type { RegionKeeper } from './region-keeper.js'

/**
 * Memory that this process holds: a page-aligned range `[start, end)` of its address space, which the library gives to no other call.
 *
 * The range outlives the memory: after `unmap` it stays taken, inaccessible and guarded, until no buffer that was handed out can reach
 * it any more. A buffer that was kept meets a contained fault there, never other memory.
 *
 * Offsets count from `start`, in bytes. A region checks nothing that its caller can check: ranges lie inside, protections are sound.
 * Every call fails with `ERR_VMAREA_UNMAPPED` once the region is gone.
 */
export interface Region {
  /** What holds the region: the holder of a region in which a fault was contained. */
  owner: object | undefined
  /** Takes part in each change of the region, where something else than the kernel serves its pages. */
  keeper: RegionKeeper | undefined
  readonly start: bigint
  /** Whole pages, in bytes. */
  readonly length: number
  /** Bytes a page of this memory: more than the kernel's own page size for huge pages. */
  readonly pageSize: number

  /** mprotect(2) on a part, whose protection is `previous` throughout. All of it changes or nothing does. */
  protect(offset: number, length: number, protection: number, previous: number): void
  /** Replaces a part by fresh, inaccessible, uncharged anonymous memory, in one step. */
  replaceByNothing(offset: number, length: number): void
  /** Cuts in two: this region keeps `[0, at)`, the returned one is the rest. The memory is not touched. */
  split(at: number): Region
  /** Takes in the region that starts where this one ends. That one is gone. */
  absorb(next: Region): void
  /** Grows or shrinks, and moves when it must: `start` may be another afterwards. Views must be detached. */
  resize(length: number): void
  /** Gives the memory back at once. Doing it again does nothing. */
  unmap(): void

  /**
   * The live bytes of a part, as an ArrayBuffer. The region's memory stays until the buffer is collected or detached.
   * Throws `ERR_VMAREA_NO_VIEW` on a kernel whose memory is not this process's.
   */
  view(offset: number, length: number): ArrayBuffer
  /**
   * Detaches a buffer that `view` gave: its length is 0 from now on. A buffer that was detached already is left alone.
   * Works on a region that is gone.
   */
  detach(buffer: ArrayBuffer): void

  /**
   * The live bytes of a part, as a SharedArrayBuffer, which can't be detached: the addresses stay this region's, or inaccessible, until no
   * thread has it any more. Throws `ERR_VMAREA_NO_VIEW` where the engine can't make one.
   */
  share(offset: number, length: number): SharedArrayBuffer

  /**
   * Copies memory into `target`. Throws nothing for a bad page: returns the fault, with the bytes before it copied. While the
   * region has an unanswered `fault`, copies nothing and returns that.
   */
  read(offset: number, target: Uint8Array): FaultRecord | undefined
  /** Copies `source` into memory, likewise. */
  write(offset: number, source: Uint8Array): FaultRecord | undefined
  /** `read` on another thread. Rejects if the region goes meanwhile. */
  readAsync(offset: number, target: Uint8Array): Promise<FaultRecord | undefined>
  /** `write` on another thread. */
  writeAsync(offset: number, source: Uint8Array): Promise<FaultRecord | undefined>
  /** msync(2) on another thread. */
  msyncAsync(offset: number, length: number, flags: number): Promise<void>
  /** madvise(2) on another thread. */
  madviseAsync(offset: number, length: number, advice: number): Promise<void>

  /** Contained faults of all time, in scopes or out of them. Guarded copies leave no trace. */
  readonly faults: number
  /** The first fault that was contained outside any scope and not restored since. */
  readonly fault: FaultRecord | undefined
  /** Puts the true pages back under all that was contained, and forgets `fault`. */
  restore(): void
}
