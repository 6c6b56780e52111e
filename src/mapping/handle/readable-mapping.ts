import type { WaitResult } from '../../kernel/sharing/wait-result.js'
import { restOfRange } from '../../vocabulary/options/rest-of-range.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { asBytes } from '../memory/as-bytes.js'
import type { ReadonlyBytes } from '../memory/readonly-bytes.js'
import { SharedWord } from '../memory/shared-word.js'
import type { WaitOptions } from '../memory/wait-options.js'
import { Mapping } from './mapping.js'
import { memoryOf } from './memory-of.js'
import type { PermissionTypes } from './permission-types.js'

/**
 * Memory that may be read.
 *
 * @remarks Invariant: every committed page of `[start, end)` is mapped with `PROT_READ`. A page may still be missing,
 * as when its file was truncated: `read` and `access` throw `MemoryFault` for it, and a bare access to `bytes` is contained and reported.
 */
export abstract class ReadableMapping<
  F extends PermissionTypes,
  Bytes extends ReadonlyBytes | Uint8Array<ArrayBuffer>,
> extends Mapping<F> {
  /**
   * All bytes of the memory, not a copy: the same array each time. Its length becomes 0 when the mapping is unmapped or moved.
   *
   * @throws UsageError `ERR_VMAREA_VIEW_TOO_LARGE` beyond what one ArrayBuffer spans (4 GiB on Node 20): use `view`;
   * `ERR_VMAREA_NOT_COMMITTED` in a reservation that is not committed as a whole; `ERR_VMAREA_NO_VIEW` in the model, whose memory has no
   * buffers
   * @throws VmError `ENOMEM` where the engine's count of memory is full
   */
  get bytes(): Bytes {
    return this[memoryOf]().bytes() as unknown as Bytes
  }

  /**
   * The bytes `[offset, offset + length)` of the memory, all by default, not a copy. The array's length becomes 0 when the mapping is unmapped
   * or moved.
   *
   * ```ts
   * const record = mapping.view(4096, 64) // changes when the file changes
   * ```
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, and as `bytes`: `ERR_VMAREA_VIEW_TOO_LARGE`,
   * `ERR_VMAREA_NOT_COMMITTED`, `ERR_VMAREA_NO_VIEW`
   */
  view(offset = 0, length: number = restOfRange(this.size, offset)): Bytes {
    return this[memoryOf]().view(offset, length) as unknown as Bytes
  }

  /**
   * All bytes over a `SharedArrayBuffer`: for `Atomics`, and for a Worker, which gets the same memory by `postMessage`, without a mapping
   * of its own. The same array each time, until `start` or `size` change. Only for a shared mapping.
   *
   * A shared buffer can't be detached. Once the memory is unmapped, made inaccessible or read-only, or its thread has ended, an access
   * through it that the memory does not allow is contained and reported, on whichever thread it is made; the addresses are not reused while
   * any thread has the buffer.
   *
   * `Atomics.wait` and `Atomics.notify` work only together, on one and the same buffer: between two mappings use `wait` and `notify`.
   *
   * ```ts
   * const words = new Int32Array(mapping.sharedBytes.buffer)
   * Atomics.add(words, 0, 1)
   * ```
   *
   * @throws UsageError `ERR_VMAREA_NOT_SHARED` for a private mapping, `ERR_VMAREA_NO_VIEW` where Node can't make such a buffer (before 22.23, 24.21 and
   * 26.10) and in the model, `ERR_VMAREA_VIEW_TOO_LARGE` beyond what one buffer spans, `ERR_VMAREA_NOT_COMMITTED` in a
   * reservation that is not committed as a whole
   */
  get sharedBytes(): Uint8Array<SharedArrayBuffer> {
    return this[memoryOf]().sharedBytes()
  }

  /**
   * Copies `[offset, offset + target.byteLength)` into `target` and returns `target`.
   *
   * ```ts
   * const header = mapping.read(0, new Uint8Array(64))
   * ```
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`, `ERR_VMAREA_INVALID_ARGUMENT` where
   * `target` is no typed array or DataView; `ERR_VMAREA_WOULD_DEADLOCK` where only this thread could answer the fault of a page
   * @throws MemoryFault `ERR_VMAREA_FAULT` at the first page that can't be read; the bytes before it are copied
   */
  read<T extends ArrayBufferView>(offset: number, target: T): T {
    const holding = this[memoryOf]()
    const bytes = asBytes(target, 'target')
    holding.checkCommitted(offset, bytes.length)
    const fault = holding.region.read(holding.lead + offset, bytes)
    if (fault !== undefined) throw holding.faultError(fault)
    return target
  }

  /**
   * Does what `read` does on another thread, for pages that come from a disk or a driver. Do not change `target` until the promise settles.
   *
   * @throws UsageError as `read`: `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`, `ERR_VMAREA_INVALID_ARGUMENT`;
   * `ERR_VMAREA_UNMAPPED` also where the mapping is unmapped meanwhile
   * @throws MemoryFault as `read`: `ERR_VMAREA_FAULT`
   */
  async readAsync<T extends ArrayBufferView>(offset: number, target: T): Promise<T> {
    const holding = this[memoryOf]()
    const bytes = asBytes(target, 'target')
    holding.checkCommitted(offset, bytes.length)
    holding.checkSettled()
    const fault = await holding.region.readAsync(holding.lead + offset, bytes)
    if (fault !== undefined) throw holding.faultError(fault)
    return target
  }

  /**
   * Sleeps while the 32-bit word at `offset` is `expected`, until `notify` wakes it from any mapping of the same file, in any thread or process:
   * futex(2). Blocks this thread. Only of a shared mapping; the word's address is a multiple of 4, and `expected` signed or unsigned.
   *
   * As with futex(2), change the word before you notify: a notification that comes before the wait has begun finds nothing to wake. And look
   * at the word again after `'ok'`, which says that it was notified or has changed, not by what.
   *
   * A Worker that is terminated ends its wait within a moment, and so does `process.exit()`.
   *
   * ```ts
   * using memory = mapMut({ length: 4096, shared: true })
   * memory.wait(0, 0, { timeout: 10 }) // 'timed-out'
   * memory.wait(0, 1) // 'not-equal'
   * ```
   *
   * @throws UsageError `ERR_VMAREA_NOT_SHARED`, `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_INVALID_ARGUMENT`; `MemoryFault` where the word can't be read; the
   * signal's reason where it is aborted already; in the model `ERR_VMAREA_WOULD_BLOCK` without a timeout, because nothing else could run
   */
  wait(offset: number, expected: number, options: WaitOptions = {}): WaitResult {
    return new SharedWord(this[memoryOf](), offset, 'wait').wait(expected, options)
  }

  /**
   * `wait` on a thread of the package, none of libuv's; each pending wait has one. The event loop stays alive meanwhile.
   *
   * @throws UsageError `ERR_VMAREA_UNMAPPED` when the memory is unmapped or moves meanwhile; `ERR_VMAREA_NOT_SHARED`,
   * `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_INVALID_ARGUMENT`; MemoryFault where the word can't be read; the signal's reason
   */
  async waitAsync(offset: number, expected: number, options: WaitOptions = {}): Promise<WaitResult> {
    return new SharedWord(this[memoryOf](), offset, 'waitAsync').waitAsync(expected, options)
  }

  /**
   * Wakes at most `count` that wait for the word at `offset`, in whichever thread or process. Returns how many.
   *
   * @throws UsageError `ERR_VMAREA_NOT_SHARED`, `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_INVALID_ARGUMENT`; MemoryFault where the word can't be read
   */
  notify(offset: number, count = Infinity): number {
    return new SharedWord(this[memoryOf](), offset, 'notify').notify(count)
  }

  /**
   * Calls `use` with the bytes `[offset, offset + length)`, all by default, and returns what it returns. If a fault was contained on this
   * thread meanwhile, in any mapping, `access` puts the true pages back and throws: no result that was computed from a missing page is
   * returned. If `use` throws as well, its error is the fault's `cause`.
   *
   * `use` must be synchronous: `access` can't see the faults after an `await`.
   *
   * ```ts
   * const sum = mapping.access((bytes) => bytes.reduce((sum, byte) => sum + byte, 0))
   * ```
   *
   * @throws MemoryFault `ERR_VMAREA_FAULT` for the first fault
   * @throws UsageError `ERR_VMAREA_ASYNC_ACCESS` where `use` returned a promise; `ERR_VMAREA_INVALID_ARGUMENT` where it is no function; as `view`: `ERR_VMAREA_OUT_OF_RANGE`,
   * `ERR_VMAREA_VIEW_TOO_LARGE`, `ERR_VMAREA_NOT_COMMITTED`, `ERR_VMAREA_NO_VIEW`
   * @throws what `use` threw
   */
  access<Result>(use: (bytes: Bytes) => Result, offset = 0, length?: number): Result {
    if (typeof use !== 'function') {
      throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `use of access must be a function, and is ${showValue(use)}`)
    }
    const holding = this[memoryOf]()
    holding.checkSettled()
    const bytes =
      length !== undefined
        ? holding.view(offset, length)
        : offset === 0
          ? holding.bytes()
          : holding.view(offset, restOfRange(holding.size, offset))
    const { faultScope } = holding.holdings.kernel.regions
    const mark = faultScope.enter()
    let result: Result
    try {
      result = use(bytes as unknown as Bytes)
    } catch (cause) {
      const fault = faultScope.leave(mark)
      throw fault === undefined ? cause : holding.holdings.faultError(fault, { cause })
    }
    const fault = faultScope.leave(mark)
    if (fault !== undefined) throw holding.holdings.faultError(fault)
    if (isThenable(result)) {
      throw new UsageError(
        'ERR_VMAREA_ASYNC_ACCESS',
        'access takes a synchronous function: faults after an await would go unseen; use read, or call access again there',
      )
    }
    return result
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}
