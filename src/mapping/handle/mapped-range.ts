import { destructiveAdvice } from '../../kernel/destructive/destructive-advice.js'
import { belongsToItsThread } from '../../vocabulary/errors/belongs-to-its-thread.js'
import { type Advice, MADV } from '../../vocabulary/madv.js'
import type { MemoryFault } from '../../vocabulary/memory-fault.js'
import { MS } from '../../vocabulary/ms.js'
import { restOfRange } from '../../vocabulary/options/rest-of-range.js'
import { PROT } from '../../vocabulary/prot.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { adviceNumber } from '../memory/advice-number.js'
import type { HeldMemory } from '../memory/held-memory.js'
import { type ResidentRun, residentRuns } from '../memory/resident-runs.js'
import { memoryOf } from './memory-of.js'
import { moveOut } from './move-out.js'

/**
 * A handle on a mapped range: where it is, its pages, the bytes of its file, and its faults.
 *
 * Offsets and lengths are in bytes and count from the first byte; ranges are half-open, and by default reach to the end of the mapping.
 *
 * @throws UsageError from every member but `unmap` and `toString`: `ERR_VMAREA_MOVED` after a method moved the mapping,
 * `ERR_VMAREA_UNMAPPED` after it was unmapped
 * @throws UsageError `ERR_VMAREA_SWAPPED` where the memory belongs to a swap or a device and the call can't be made on
 * it meanwhile
 * @throws VmError `EDEADLK` from a member that changes the layout, where this thread holds the address space for
 * reading
 * @throws MemoryFault `ERR_VMAREA_FAULT` from a member that changes or flushes the memory while it has a `fault`: call
 * `restore` first
 */
export abstract class MappedRange implements Disposable {
  #holding: HeldMemory | undefined
  #end: 'moved' | 'unmapped' = 'moved'
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  /** @internal */
  constructor(holding: HeldMemory) {
    this.#holding = holding
  }

  /** @internal */
  [memoryOf](): HeldMemory {
    const holding = this.#holding
    if (holding !== undefined && !holding.gone) return holding
    throw this.#ended()
  }

  #ended(): UsageError {
    const name = this.constructor.name
    if (this.#holding?.gone || this.#end === 'unmapped') {
      return new UsageError('ERR_VMAREA_UNMAPPED', `this ${name} was unmapped`)
    }
    return new UsageError('ERR_VMAREA_MOVED', `this ${name} was moved: use the handle that the method returned`)
  }

  /** @internal Takes the memory out of this handle, for another handle. */
  [moveOut](): void {
    this.#holding = undefined
    this.#end = 'moved'
  }

  /** The address of the first byte, inclusive. */
  get start(): bigint {
    return this[memoryOf]().start
  }

  /** The address of the first byte past the mapping, exclusive. */
  get end(): bigint {
    return this[memoryOf]().end
  }

  /** The length in bytes: `end - start`. It need not be a multiple of a page. */
  get size(): number {
    return this[memoryOf]().size
  }

  /** The address of the first byte, under the name that mmap-rs has for it. */
  asPtr(): bigint {
    return this[memoryOf]().start
  }

  /**
   * Unmaps the memory and detaches all views: munmap(2). Does nothing on a handle that was moved or unmapped before.
   *
   * @throws VmError `EDEADLK` where this thread holds the address space for reading, `ENOMEM` where the process has no
   * room for another area
   */
  unmap(): void {
    const holding = this.#holding
    if (holding === undefined || holding.gone) return
    holding.unmap()
    this.#holding = undefined
    this.#end = 'unmapped'
  }

  /** Calls `unmap()`, for `using`. @throws VmError as `unmap` */
  [Symbol.dispose](): void {
    this.unmap()
  }

  // ---- pages ----

  /**
   * Locks pages into memory: mlock(2). The range extends to whole pages.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`, `ERR_VMAREA_WOULD_DEADLOCK` where only this thread could
   * answer the fault of a page
   * @throws VmError `ENOMEM` and `EPERM` where a limit was met: the message names it and its value; `EAGAIN` where a
   * page could not be locked
   */
  lock(offset = 0, length: number = restOfRange(this.size, offset)): void {
    try {
      this.#onPages('mlock', offset, length, (calls, address, bytes) => calls.mlock(address, bytes))
    } catch (error) {
      throw explainLock(error, this[memoryOf]().protection)
    }
  }

  /**
   * Allows pages to be swapped out again: munlock(2). The range extends to whole pages.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`
   * @throws VmError `ENOMEM` where the process has no room for another area
   */
  unlock(offset = 0, length: number = restOfRange(this.size, offset)): void {
    this.#onPages('munlock', offset, length, (calls, address, bytes) => calls.munlock(address, bytes))
  }

  /**
   * Advises the kernel how the memory will be used: madvise(2). Advice that changes what the memory holds (`'dontneed'`, `'free'`,
   * `'remove'`, …) requires a range of whole pages; for other advice the range extends to whole pages.
   *
   * ```ts
   * mapping.advise('sequential')
   * memory.advise('dontneed', 0, 65536) // these bytes are lost: anonymous memory reads as zeros now
   * ```
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an advice that does not exist, `ERR_VMAREA_OUT_OF_RANGE`,
   * `ERR_VMAREA_NOT_COMMITTED`, `ERR_VMAREA_NOT_PAGE_ALIGNED`, `ERR_VMAREA_WOULD_DEADLOCK` where only this thread could answer the
   * fault of a page to populate
   * @throws VmError as madvise(2): `EINVAL` where the advice does not fit the memory or the kernel, `ENOMEM` where a
   * limit was met, `EPERM` without the privilege
   */
  advise(advice: Advice, offset = 0, length: number = restOfRange(this.size, offset)): void {
    const holding = this[memoryOf]()
    const number = adviceNumber(advice)
    if (destructiveAdvice.has(number)) holding.wholePages(offset, length, `advice '${advice}'`)
    this.#onPages('madvise', offset, length, (calls, address, bytes) => {
      const apply = () => calls.madvise(address, bytes, number)
      const { region } = holding
      if (region.keeper?.advising === undefined) apply()
      else region.keeper.advising(region, number, Number(address - region.start), bytes, apply)
    })
  }

  /**
   * Faults all pages of a range in, off the event loop: for writing where the memory may be written, else for reading. The range extends to
   * whole pages. madvise(2) with `MADV_POPULATE_READ` or `MADV_POPULATE_WRITE`.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`
   * @throws VmError `EFAULT` where the file ends before a page or a page is poisoned, `EINVAL` where the memory can't
   * be accessed or the kernel is older than 5.14, `ENOMEM` where no memory is free
   */
  async populate(offset = 0, length: number = restOfRange(this.size, offset)): Promise<void> {
    const holding = this[memoryOf]()
    holding.checkCommitted(offset, length)
    const [from, bytes] = holding.pages(offset, length)
    const advice = holding.protection & PROT.WRITE ? MADV.POPULATE_WRITE : MADV.POPULATE_READ
    try {
      await holding.region.madviseAsync(from, bytes, advice)
    } catch (error) {
      throw explainPopulate(holding.explain(error, length))
    }
  }

  /**
   * Returns which pages of a range are in memory now (for a large mapping `residentRuns` is shorter and faster): one byte for each page of
   * `kernel.pageSize` bytes, 1 or 0. The answer may be stale when it is read. mincore(2).
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`
   */
  resident(offset = 0, length: number = restOfRange(this.size, offset)): Uint8Array<ArrayBuffer> {
    const holding = this[memoryOf]()
    const { kernel } = holding.holdings
    const [from, bytes] = holding.pages(offset, length)
    const pages = new Uint8Array(bytes / kernel.pageSize)
    kernel.calls.mincore(holding.region.start + BigInt(from), bytes, pages)
    for (let index = 0; index < pages.length; index++) pages[index]! &= 1
    return pages
  }

  /**
   * Lists which parts of a range are in memory, as runs of neighbouring pages in ascending order, clipped to the mapping. The event loop
   * runs in between. mincore(2); for private anonymous memory `PAGEMAP_SCAN` (Linux 6.7), whose time grows with the pages in memory.
   *
   * ```ts
   * for await (const { offset, length } of memory.residentRuns()) console.log(`${length} bytes at ${offset}`)
   * ```
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`; `ERR_VMAREA_UNMAPPED` or `ERR_VMAREA_MOVED` also where the mapping ends meanwhile
   */
  async *residentRuns(
    offset = 0,
    length: number = restOfRange(this.size, offset),
  ): AsyncGenerator<ResidentRun, void, void> {
    for (const run of residentRuns(() => this[memoryOf](), offset, length)) {
      if (run !== undefined) yield run
      else await new Promise((resolve) => setTimeout(resolve))
    }
  }

  /** Does what `residentRuns` does without returning to the event loop. @throws UsageError as `residentRuns` */
  *residentRunsSync(offset = 0, length: number = restOfRange(this.size, offset)): Generator<ResidentRun, void, void> {
    for (const run of residentRuns(() => this[memoryOf](), offset, length)) if (run !== undefined) yield run
  }

  // ---- files ----

  /**
   * Writes the changed pages of a shared file mapping to the file and waits for the disk, off the event loop. The range extends to whole
   * pages. msync(2) with `MS_SYNC`. In a shared mapping of a device, its driver's `writeback` hook has the bytes when the promise resolves.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`; `ERR_VMAREA_UNMAPPED` also where the mapping is unmapped meanwhile
   * @throws VmError `EIO` where the disk failed; what a driver's `writeback` hook threw, now or before, as room was made, such as `ENOSPC`,
   * and `ETIMEDOUT` where it is late
   */
  async flush(offset = 0, length: number = restOfRange(this.size, offset)): Promise<void> {
    const holding = this[memoryOf]()
    holding.checkSettled()
    const [from, bytes] = holding.pages(offset, length)
    if (holding.backing.flush === undefined) await holding.region.msyncAsync(from, bytes, MS.SYNC)
    else await holding.backing.flush(offset, length)
  }

  /**
   * Does what `flush` does on this thread: returns when the disk or the driver has the bytes.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`; in the model, `ERR_VMAREA_WOULD_BLOCK` where the driver answers
   * later
   * @throws VmError as `flush`: `EIO`
   */
  flushSync(offset = 0, length: number = restOfRange(this.size, offset)): void {
    this[memoryOf]().checkSettled()
    this.#onPages('msync', offset, length, (calls, address, bytes) => {
      const { backing } = this[memoryOf]()
      if (backing.flushNow === undefined) calls.msync(address, bytes, MS.SYNC)
      else backing.flushNow(offset, length)
    })
  }

  /**
   * Starts writing the changed pages of a range and does not wait: msync(2) with `MS_ASYNC`.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`
   */
  flushAsync(offset = 0, length: number = restOfRange(this.size, offset)): void {
    this[memoryOf]().checkSettled()
    this.#onPages('msync', offset, length, (calls, address, bytes) => {
      calls.msync(address, bytes, MS.ASYNC)
      // What fails stays written, and the next flush reports it.
      this[memoryOf]()
        .backing.flush?.(offset, length)
        .catch(() => {})
    })
  }

  /** Makes code that was written before visible to execution. Does nothing on x86. */
  flushIcache(): void {
    const holding = this[memoryOf]()
    if ((holding.protection & PROT.READ) === 0) return // Where nothing can be read, nothing was written since the last flush.
    holding.holdings.kernel.flushInstructionCache(holding.start, holding.size)
  }

  // ---- faults ----

  /** The first contained fault that no `access` has thrown, until `restore()`. */
  get fault(): MemoryFault | undefined {
    const holding = this[memoryOf]()
    const fault = holding.region.fault
    return fault === undefined ? undefined : holding.faultError(fault)
  }

  /** The number of faults that were contained in this memory since it was mapped. */
  get faults(): number {
    return this[memoryOf]().region.faults
  }

  /**
   * Puts the true pages back at every contained fault, and clears `fault`. What was written to the pages that stood in for them is lost.
   *
   * @throws VmError `ENOMEM` where the process has no room for another area
   */
  restore(): void {
    this[memoryOf]().restore()
  }

  /** One line: the state, the range, the size, the permission and the file or device behind the memory. */
  toString(): string {
    const name = this.constructor.name
    const holding = this.#holding
    if (holding === undefined || holding.gone) return `${name} (${holding?.gone ? 'unmapped' : this.#end})`
    return `${name} (${holding.describe()})`
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  #onPages(
    syscall: string,
    offset: number,
    length: number,
    act: (calls: HeldMemory['holdings']['kernel']['calls'], address: bigint, bytes: number) => void,
  ): void {
    const holding = this[memoryOf]()
    holding.checkCommitted(offset, length)
    const [from, bytes] = holding.pages(offset, length)
    try {
      act(holding.holdings.kernel.calls, holding.region.start + BigInt(from), bytes)
    } catch (error) {
      // A kernel without guards says EAGAIN for memory it could not get, and so on: the limit is worth more than the number.
      throw holding.explain(error, syscall === 'mlock' ? bytes : length)
    }
  }
}

function explainLock(error: unknown, protection: number): unknown {
  if (!(error instanceof VmError) || error.code !== 'ENOMEM' || error.cause !== undefined) return error
  return VmError.withHint(
    error,
    protection === PROT.NONE
      ? 'the memory allows no access, so that none of its pages can be brought in: makeReadOnly() or makeMut() it first'
      : 'a page of the range can not be brought in: the file ends before it, or it is a guard page, or poisoned',
  )
}

function explainPopulate(error: unknown): unknown {
  if (!(error instanceof VmError) || (error.code !== 'EFAULT' && error.code !== 'EHWPOISON')) return error
  const why = error.code === 'EFAULT' ? 'the file ends before it, or it' : 'it'
  return VmError.withHint(error, `a page of the range is not available: ${why} is poisoned, as where its driver failed`)
}
