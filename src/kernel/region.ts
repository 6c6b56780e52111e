import type { FaultRecord } from './fault-record.js'
import type { RegionKeeper } from './region-keeper.js'
import type { WaitResult } from './sharing/wait-result.js'
import type { WordWait } from './sharing/word-wait.js'

/**
 * Memory that this process holds: a page-aligned range `[start, end)` of its address space, which the library assigns to no other call.
 *
 * The range outlives the memory: after `unmap` it stays reserved, inaccessible and guarded, until no buffer that was handed out can reach
 * it. An access through a kept buffer is a contained fault, never an access to other memory.
 *
 * Offsets count from `start`, in bytes. The caller checks arguments: ranges lie inside, protections are valid. Every call fails with
 * `ERR_VMAREA_UNMAPPED` once the region is unmapped.
 */
export interface Region {
  /** The object that holds the region, to find the holder when a fault was contained in it. */
  owner: object | undefined
  /** Takes part in each change of the region, where the kernel does not serve its pages alone. */
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
  /** Splits the region: this one keeps `[0, at)`, the returned one is the rest. The memory is not touched. */
  split(at: number): Region
  /** Absorbs the region that starts at the end of this one, and ends that region object. */
  absorb(next: Region): void
  /** Grows or shrinks, and moves when it must: `start` may be another afterwards. Views must be detached. */
  resize(length: number): void
  /** Unmaps the memory. A second call does nothing. */
  unmap(): void

  /**
   * The live bytes of a part, as an ArrayBuffer. The region's memory stays until the buffer is collected or detached.
   * Throws `ERR_VMAREA_NO_VIEW` on a kernel whose memory is not this process's.
   */
  view(offset: number, length: number): ArrayBuffer
  /**
   * Detaches a buffer of `view`: its length becomes 0. Does nothing for a detached buffer. Works on an unmapped region.
   */
  detach(buffer: ArrayBuffer): void

  /**
   * The live bytes of a part, as a SharedArrayBuffer, which can't be detached: the addresses stay with this region, or inaccessible,
   * while any thread has it. Throws `ERR_VMAREA_NO_VIEW` where the engine can't make one.
   */
  share(offset: number, length: number): SharedArrayBuffer

  /**
   * Copies memory into `target`. Throws nothing for a bad page: returns the fault, with the bytes before it copied. While the
   * region has an unanswered `fault`, copies nothing and returns that.
   */
  read(offset: number, target: Uint8Array): FaultRecord | undefined
  /** Copies `source` into memory. Reports a bad page as `read` does. */
  write(offset: number, source: Uint8Array): FaultRecord | undefined
  /** `read` on another thread. Rejects if the region is unmapped meanwhile. */
  readAsync(offset: number, target: Uint8Array): Promise<FaultRecord | undefined>
  /** `write` on another thread. */
  writeAsync(offset: number, source: Uint8Array): Promise<FaultRecord | undefined>
  /** msync(2) on another thread. */
  msyncAsync(offset: number, length: number, flags: number): Promise<void>
  /** madvise(2) on another thread. */
  madviseAsync(offset: number, length: number, advice: number): Promise<void>

  /**
   * Sleeps while the 32-bit word at `offset` is `expected`, until it is notified, or for `timeout` milliseconds: futex(2), on memory that
   * others map too. Returns the fault where the word can't be read.
   */
  wait(offset: number, expected: number, timeout: number): WaitResult | FaultRecord
  /** `wait` on another thread, for a word that was seen to be `expected`. */
  waitAsync(offset: number, expected: number, timeout: number): WordWait
  /** Wakes at most `count` that wait for the word, in whichever process. Returns how many. */
  notify(offset: number, count: number): number | FaultRecord

  /** The number of contained faults since the region was mapped, in scopes and outside. Guarded copies do not count. */
  readonly faults: number
  /** The first fault that was contained outside any scope and not restored since. */
  readonly fault: FaultRecord | undefined
  /** Puts the true pages back at every contained fault, and clears `fault`. */
  restore(): void
}
