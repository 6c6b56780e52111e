import type { GuardSourceFunctions } from './guard-source-functions.js'
import type { GuestFunctions } from './guest-functions.js'
import type { ProcessMemoryFunctions } from './process-memory-functions.js'

/**
 * The functions of the addon: each returns a result or a negative error number, in the kernel's own units. `native/` holds the other side.
 * An address is a number below 2^53 or a bigint.
 */
export interface AddonFunctions extends ProcessMemoryFunctions, GuardSourceFunctions, GuestFunctions {
  readonly version: string
  readonly pageSize: number
  /** The folder of the binary and of the keeper. */
  readonly folder: string
  /** `SharedResults` of `native/addon/thread-state.h`. */
  readonly sharedResults: ArrayBuffer

  mmap(a: Address, length: number, protection: number, flags: number, descriptor: number, offset: number): number
  munmap(a: Address, length: number): number
  mprotect(a: Address, length: number, protection: number): number
  mremap(a: Address, oldLength: number, newLength: number, flags: number, newAddress: Address): number
  madvise(a: Address, length: number, advice: number): number
  msync(a: Address, length: number, flags: number): number
  mlock(a: Address, length: number): number
  mlock2(a: Address, length: number, flags: number): number
  munlock(a: Address, length: number): number
  mlockall(flags: number): number
  munlockall(): number
  mincore(a: Address, length: number, vector: Uint8Array): number
  mseal(a: Address, length: number, flags: number): number

  closeDescriptor(descriptor: number): number
  memfdCreate(name: string, flags: number): number
  addSeals(descriptor: number, seals: number): number
  getSeals(descriptor: number): number
  seekFile(descriptor: number, offset: number, whence: number): number
  punchHole(descriptor: number, offset: number, length: number): number
  readCached(descriptor: number, bytes: Uint8Array, position: number): number
  allocateFile(descriptor: number, position: number, length: number): number
  adviseFile(descriptor: number, offset: number, length: number, advice: number): number
  allocateFileAsync(descriptor: number, position: number, length: number): Promise<number> | number
  /** Each piece at its position, after the jobs that have the same word as `turn`. The memory must not change until the promise settles. */
  writePiecesAsync(
    descriptor: number,
    pieces: readonly Uint8Array[],
    positions: Float64Array,
    turn: Int32Array,
  ): Promise<number> | number
  /** Of a block without a frame. Returns the number of bytes. */
  decompressLz4(bytes: Uint8Array, into: Uint8Array): number
  getStatusFlags(descriptor: number): number
  deniesWriteExecute(): number
  getrlimit(resource: number): number
  countAreas(): number
  /** Whether the library holds each page of the range. */
  holdsRange(address: Address, length: number): 0 | 1
  /** The number of ranges that are unmapped, or whose object is collected, and that buffers or calls in flight keep reserved. */
  countUnreachable(): number
  pipe(): number
  flushInstructionCache(a: Address, length: number): number
  nothing(): number

  mapRegion(
    a: Address,
    length: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
    pageSize: number,
  ): number
  protectRegion(handle: number, offset: number, length: number, protection: number, previous: number): number
  replaceRegion(handle: number, offset: number, length: number): number
  splitRegion(handle: number, at: number): number
  absorbRegion(handle: number, next: number): number
  resizeRegion(handle: number, length: number): number
  unmapRegion(handle: number): number
  ownRegion(handle: number, object: object): number
  findRegion(handle: number): object | undefined
  findRegionAt(a: Address): object | undefined
  viewRegion(handle: number, offset: number, length: number): ArrayBuffer | number
  /** The same for a SharedArrayBuffer. */
  shareRegion(handle: number, offset: number, length: number): SharedArrayBuffer | number
  detachView(handle: number, buffer: ArrayBuffer): number
  // The offset of a copy comes in the shared results.
  readRegion(handle: number, target: Uint8Array): number | undefined
  writeRegion(handle: number, source: Uint8Array): number | undefined
  /**
   * Adds VM flags for a part, which the kernel can't hold itself, to those that are held for it; they hold for all threads. A held part
   * without flags belongs to a device too: it grows only in place. The numbers are masks of `VM`.
   */
  holdFlags(handle: number, offset: number, length: number, set: number, cleared: number): number
  /** 1 where the library holds flags at the address, with the set and the cleared ones in the results of the shared results. */
  emulatedFlagsAt(a: Address): number
  regionFaults(handle: number): number
  regionFault(handle: number): number
  restoreRegion(handle: number): number
  leaveScope(mark: number): number
  takeFault(): number
  setBell(descriptor: number): number
  installGuard(): number
  keepGuard(): number

  msyncRegion(handle: number, offset: number, length: number, flags: number): Promise<AsyncAnswer> | number
  madviseRegion(handle: number, offset: number, length: number, advice: number): Promise<AsyncAnswer> | number
  readRegionAsync(handle: number, target: Uint8Array): Promise<AsyncAnswer> | number
  writeRegionAsync(handle: number, source: Uint8Array): Promise<AsyncAnswer> | number

  /** 0 when the word was notified or has changed, 2 when the time was up, 3 when it had another value before. `expected` is a signed number. */
  waitRegion(handle: number, offset: number, expected: number, milliseconds: number): number
  /** 0 and 2 likewise, on a thread of its own, which `endWait` ends. Leaves the wait's key in the sharedResults. */
  waitRegionAsync(handle: number, offset: number, expected: number, milliseconds: number): Promise<AsyncAnswer> | number
  endWait(key: number): number
  notifyRegion(handle: number, offset: number, count: number): number

  uffdCreate(flags: number): number
  uffdCreateFromDevice(flags: number): number
  uffdAdopt(descriptor: number, ownMemory: boolean, parent: number): number
  uffdApi(handle: number, words: BigUint64Array): number
  uffdSetFeatures(handle: number, features: bigint): number
  uffdRegister(
    handle: number,
    start: Address,
    length: number,
    mode: number,
    words: BigUint64Array,
    ofDevice: boolean,
  ): number
  uffdUnregister(handle: number, start: Address, length: number): number
  // The resolving ones take address, second address and length from the sharedResults, and leave the bytes done and the code there.
  uffdCopy(handle: number, mode: number, source: Uint8Array): void
  uffdZeropage(handle: number, mode: number): void
  uffdContinue(handle: number, mode: number): void
  uffdPoison(handle: number, mode: number): void
  // These work only in memory that is registered with this userfaultfd: -ENOENT elsewhere.
  uffdCopyOwn(handle: number, mode: number, source: Uint8Array): void
  uffdContinueOwn(handle: number, mode: number): void
  uffdPoisonOwn(handle: number, mode: number): void
  uffdHideOwn(handle: number): void
  /** `mmap` with `MAP_FIXED`. The range stays registered in its modes. */
  uffdMapOverOwn(handle: number, protection: number, flags: number, descriptor: number, offset: number): void
  uffdProtectOwn(handle: number, protection: number): void
  uffdMove(handle: number, mode: number): void
  uffdWriteprotect(handle: number, mode: number): void
  uffdWake(handle: number): void
  uffdRead(handle: number, messages: Uint8Array): number
  uffdWait(handle: number, messages: Uint8Array, milliseconds: number): number
  uffdInterrupt(handle: number): number
  uffdClone(handle: number): number
  uffdDescriptor(handle: number, exposed: boolean): number
  uffdIntoDescriptor(handle: number): number
  uffdClose(handle: number, poison: boolean): number
  uffdExpectServer(handle: number, expected: boolean): number
  uffdSetCustody(handle: number, sent: boolean, keepWaiting: boolean): number
  uffdHoldUntilRegistered(handle: number): number
  uffdSetDeadline(handle: number, milliseconds: number): number
  uffdTakeFailed(handle: number, records: Float64Array): number
  /** Takes messages of layout events that arrived while no thread served. Returns their number; there may be more. */
  uffdTakeMissed(handle: number, messages: Uint8Array): number
  /** Removes the poison of a page of this process. Leaves a present page, which may be a private copy. */
  uffdTakePoison(a: Address): number
  uffdUnanswered(handle: number, records: Float64Array): number
  threadId(): number
  setNonblocking(descriptor: number): number

  /** The digests of the pages in `bytes`, as many as `digests` has room for: integers below 2^53, 0 for a page of zeros alone. */
  digestPages(bytes: Uint8Array, digests: Float64Array): number
  /** Copies as many pages from the address to `bytes` as `digests` has room for, with their digests. */
  copyAndDigestPages(a: Address, bytes: Uint8Array, digests: Float64Array): number

  listenToWatches(listener: (key: number) => void): number
  watch(descriptor: number): number
  unwatch(key: number): number

  socketListen(path: string): number
  socketConnect(path: string): number
  socketAccept(descriptor: number): number
  socketReceive(descriptor: number, bytes: Uint8Array, descriptors: Int32Array): number
  socketSend(descriptor: number, bytes: Uint8Array, descriptors: Int32Array): number
  socketPeer(descriptor: number): number

  /** Begins a process that makes a playground's calls. Answers its number; the socket to it is in `results[0]`. */
  playStart(): number

  layoutReadLock(): number
  layoutTryReadLock(): number
  layoutReadUnlock(): number
}

export type Address = bigint | number

/** A code, and with `-EFAULT` the fault's address, access and reason as `native/addon/thread-state.h` numbers them. */
export type AsyncAnswer = [code: number, address: number, access: number, reason: number]
