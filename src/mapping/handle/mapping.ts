import { type Advice, MADV } from '../../vocabulary/madv.js'
import type { MemoryFault } from '../../vocabulary/memory-fault.js'
import { MS } from '../../vocabulary/ms.js'
import { PROT } from '../../vocabulary/prot.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { adviceNumber } from '../memory/advice-number.js'
import { commitMemory } from '../memory/commit-memory.js'
import { destructiveAdvice } from '../memory/destructive-advice.js'
import type { HeldMemory } from '../memory/held-memory.js'
import { mergeMemory } from '../memory/merge-memory.js'
import { type ResidentRun, residentRuns } from '../memory/resident-runs.js'
import { splitMemory } from '../memory/split-memory.js'
import { memoryOf } from './memory-of.js'
import type { PermissionTypes } from './permission-types.js'
import { transitions } from './transitions.js'

/**
 * A handle on memory that this process has mapped, with the permission in its type.
 *
 * @remarks Invariant: as long as the handle is neither moved nor unmapped, `[start, end)` is this mapping's memory and nobody
 * else's, with the permission that the handle's class says.
 *
 * A method that changes the permission *moves* the mapping: use the handle that it returns, the old one throws `ERR_VMAREA_MOVED`.
 * If such a method throws, nothing has changed: the old handle is good and its views live. A method that succeeds detaches the
 * views that were handed out before, so that a stale one has length 0.
 *
 * Offsets and lengths are in bytes and count from the mapping's first byte; ranges are half-open.
 */
export abstract class Mapping<F extends PermissionTypes = PermissionTypes> implements Disposable {
  #holding: HeldMemory | undefined
  #end: 'moved' | 'unmapped' = 'moved'

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

  /** The address of the first byte. */
  get start(): bigint {
    return this[memoryOf]().start
  }

  /** The address behind the last byte. */
  get end(): bigint {
    return this[memoryOf]().end
  }

  /** Bytes: `end - start`. */
  get size(): number {
    return this[memoryOf]().size
  }

  /** The address of the first byte, as mmap-rs names it. */
  asPtr(): bigint {
    return this[memoryOf]().start
  }

  // ---- permission ----

  /** No access at all: mprotect(2) with `PROT_NONE`. */
  makeNone(): F['none'] {
    return this.#become('none', PROT.NONE) as F['none']
  }

  /** Reading only. */
  makeReadOnly(): F['read'] {
    return this.#become('read', PROT.READ) as F['read']
  }

  /** Reading and executing, with the instruction cache flushed where the processor needs that. */
  makeExec(): F['read'] {
    this.flushIcache()
    return this.makeExecNoFlush()
  }

  /** Reading and executing. On processors other than x86, code written before may not be seen without `flushIcache`. */
  makeExecNoFlush(): F['read'] {
    return this.#become('read', PROT.READ | PROT.EXEC) as F['read']
  }

  /**
   * Reading and writing. A shared mapping of a path needs `writable: true` when it is mapped; without it this fails with `EACCES`.
   */
  makeMut(): F['write'] {
    return this.#become('write', PROT.READ | PROT.WRITE) as F['write']
  }

  /** Reading, writing and executing. Throws `ERR_VMAREA_WRITABLE_AND_EXECUTABLE` unless mapped with `jit: true`. */
  makeExecMut(): F['write'] {
    return this.#become('write', PROT.READ | PROT.WRITE | PROT.EXEC) as F['write']
  }

  #become(form: 'none' | 'read' | 'write', protection: number): Mapping {
    const holding = this[memoryOf]()
    holding.protect(protection)
    return this.#moveTo(form)
  }

  /** @internal Commits all of a reservation and moves it to the committed form of the same permission. */
  protected commitAll(form: 'none' | 'read' | 'write'): Mapping {
    const holding = this[memoryOf]()
    holding.checkSettled()
    commitMemory(holding, 0, holding.size)
    holding.detachViews()
    holding.committed = undefined
    return this.#moveTo(form)
  }

  #moveTo(form: 'none' | 'read' | 'write'): Mapping {
    const holding = this[memoryOf]()
    const Handle = transitions[holding.committed === undefined ? 'committed' : 'reserved'].get(form)!
    this.#holding = undefined
    this.#end = 'moved'
    return new Handle(holding)
  }

  // ---- shape ----

  /**
   * Cuts the mapping in two: this handle keeps `[0, at)`, the returned one is the rest. The memory is not touched.
   *
   * @param at on a page of memory, and neither 0 nor `size`
   */
  splitOff(at: number): this {
    return new (this.constructor as new (holding: HeldMemory) => this)(splitMemory(this[memoryOf](), at, 'keep-head'))
  }

  /** Cuts the mapping in two: this handle keeps `[at, size)`, the returned one is what was before. */
  splitTo(at: number): this {
    return new (this.constructor as new (holding: HeldMemory) => this)(splitMemory(this[memoryOf](), at, 'keep-tail'))
  }

  /**
   * Takes in the mapping that begins where this one ends; `other` is moved. Both must be of one kind: the same permission, sharing,
   * file and page size, with the file's bytes going on without a gap. That is asked of the kernel, not assumed.
   *
   * Throws `ERR_VMAREA_NOT_ADJACENT`, `ERR_VMAREA_ATTRIBUTE_MISMATCH` or `ERR_VMAREA_BACKING_MISMATCH`, and both stay as they are.
   */
  merge(other: this): void {
    const holding = this[memoryOf]()
    mergeMemory(holding, other[memoryOf]())
    other.#holding = undefined
    other.#end = 'moved'
  }

  /** Gives the memory back at once and detaches all views. Never fails for being done before. */
  unmap(): void {
    const holding = this.#holding
    if (holding === undefined || holding.gone) return
    holding.unmap()
    this.#holding = undefined
    this.#end = 'unmapped'
  }

  /** `unmap()`: for `using`. */
  [Symbol.dispose](): void {
    this.unmap()
  }

  // ---- pages ----

  /** Locks pages into memory: mlock(2). `ENOMEM` and `EPERM` name the limit. */
  lock(offset = 0, length: number = this.size - offset): void {
    this.#onPages('mlock', offset, length, (calls, address, bytes) => calls.mlock(address, bytes))
  }

  /** Allows pages to be swapped out again: munlock(2). */
  unlock(offset = 0, length: number = this.size - offset): void {
    this.#onPages('munlock', offset, length, (calls, address, bytes) => calls.munlock(address, bytes))
  }

  /**
   * Tells the kernel how the memory will be used: madvise(2). Advice that changes what the memory holds (`'dontneed'`, `'free'`,
   * `'remove'`, …) asks for whole pages; other advice goes to each page that the range touches.
   */
  advise(advice: Advice, offset = 0, length: number = this.size - offset): void {
    const holding = this[memoryOf]()
    const number = adviceNumber(advice)
    if (destructiveAdvice.has(number)) holding.wholePages(offset, length, `advice '${advice}'`)
    this.#onPages('madvise', offset, length, (calls, address, bytes) => {
      const apply = () => calls.madvise(address, bytes, number)
      const { region } = holding
      if (region.keeper?.advising === undefined) apply()
      else region.keeper.advising(region, number, apply)
    })
  }

  /** Faults pages in, off the event loop, for reading or, on memory that may be written, for writing. */
  async populate(offset = 0, length: number = this.size - offset): Promise<void> {
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
   * Which pages are in memory now: a byte a page of the kernel's own size, 1 or 0. True for the moment: mincore(2). Of a large mapping
   * `residentRuns` makes a shorter list in less time.
   */
  resident(offset = 0, length: number = this.size - offset): Uint8Array<ArrayBuffer> {
    const holding = this[memoryOf]()
    const { kernel } = holding.holdings
    const [from, bytes] = holding.pages(offset, length)
    const pages = new Uint8Array(bytes / kernel.pageSize)
    kernel.calls.mincore(holding.region.start + BigInt(from), bytes, pages)
    for (let index = 0; index < pages.length; index++) pages[index]! &= 1
    return pages
  }

  /**
   * Which parts are in memory now, as runs of neighbouring pages from the lowest on, whose ends are cut to the mapping. The event loop turns
   * in between. mincore(2); private anonymous memory is scanned by `PAGEMAP_SCAN` (Linux 6.7), in time that goes with what is there.
   *
   * ```ts
   * for await (const { offset, length } of memory.residentRuns()) console.log(`${length} bytes at ${offset}`)
   * ```
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`; `ERR_VMAREA_UNMAPPED` or `ERR_VMAREA_MOVED` where the mapping ends meanwhile
   */
  async *residentRuns(offset = 0, length: number = this.size - offset): AsyncGenerator<ResidentRun, void, void> {
    for (const run of residentRuns(() => this[memoryOf](), offset, length)) {
      if (run !== undefined) yield run
      else await new Promise((resolve) => setTimeout(resolve))
    }
  }

  /** `residentRuns` on this thread, without a pause. */
  *residentRunsSync(offset = 0, length: number = this.size - offset): Generator<ResidentRun, void, void> {
    for (const run of residentRuns(() => this[memoryOf](), offset, length)) if (run !== undefined) yield run
  }

  // ---- files ----

  /**
   * Writes changed pages of a shared file mapping to the file and waits for the disk, off the event loop. If the mapping is unmapped
   * meanwhile, the promise rejects with `ERR_VMAREA_UNMAPPED`.
   */
  async flush(offset = 0, length: number = this.size - offset): Promise<void> {
    const holding = this[memoryOf]()
    holding.checkSettled()
    const [from, bytes] = holding.pages(offset, length)
    await holding.region.msyncAsync(from, bytes, MS.SYNC)
  }

  /** `flush` on this thread: returns when the disk has it. */
  flushSync(offset = 0, length: number = this.size - offset): void {
    this[memoryOf]().checkSettled()
    this.#onPages('msync', offset, length, (calls, address, bytes) => calls.msync(address, bytes, MS.SYNC))
  }

  /** Starts writing and does not wait: msync(2) with `MS_ASYNC`. */
  flushAsync(offset = 0, length: number = this.size - offset): void {
    this[memoryOf]().checkSettled()
    this.#onPages('msync', offset, length, (calls, address, bytes) => calls.msync(address, bytes, MS.ASYNC))
  }

  /** Makes code that was written visible to execution. Nothing to do on x86. */
  flushIcache(): void {
    const holding = this[memoryOf]()
    if ((holding.protection & PROT.READ) === 0) return // Where nothing can be read, nothing was written since the last flush.
    holding.holdings.kernel.flushInstructionCache(holding.start, holding.size)
  }

  // ---- faults ----

  /** The first contained fault that no `access` has answered for, until `restore()`. */
  get fault(): MemoryFault | undefined {
    const holding = this[memoryOf]()
    const fault = holding.region.fault
    return fault === undefined ? undefined : holding.faultError(fault)
  }

  /** How many faults were contained in this memory, ever. */
  get faults(): number {
    return this[memoryOf]().region.faults
  }

  /** Puts the true pages back under all faults that were contained, and forgets `fault`. What was written there is lost. */
  restore(): void {
    this[memoryOf]().restore()
  }

  /** One line: the state, the range, the size, the permission and what is behind it. */
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

function explainPopulate(error: unknown): unknown {
  if (!(error instanceof VmError) || error.code !== 'EFAULT') return error
  return VmError.withHint(error, 'a page of the range is not available: the file ends before it, or it is poisoned')
}
