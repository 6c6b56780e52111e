import { UsageError } from '../../vocabulary/usage-error.js'
import { asBytes } from '../memory/as-bytes.js'
import type { ReadonlyBytes } from '../memory/readonly-bytes.js'
import { Mapping } from './mapping.js'
import { memoryOf } from './memory-of.js'
import type { PermissionTypes } from './permission-types.js'

/**
 * Memory that may be read.
 *
 * @remarks Invariant: every committed page of `[start, end)` is mapped with `PROT_READ`. A page may still be missing (its file
 * was cut short): `read` and `access` throw `MemoryFault` for it, and a bare access to `bytes` is contained and told.
 */
export abstract class ReadableMapping<
  F extends PermissionTypes,
  Bytes extends ReadonlyBytes | Uint8Array<ArrayBuffer>,
> extends Mapping<F> {
  /**
   * The memory itself, not a copy. Throws `ERR_VMAREA_VIEW_TOO_LARGE` beyond what one ArrayBuffer spans (4 GiB on Node 20); take
   * parts with `view` then. It has length 0 once the mapping is unmapped or moved.
   */
  get bytes(): Bytes {
    return this[memoryOf]().bytes() as unknown as Bytes
  }

  /** A part of the memory itself. */
  view(offset: number, length: number): Bytes {
    return this[memoryOf]().view(offset, length) as unknown as Bytes
  }

  /**
   * All bytes over a `SharedArrayBuffer`: for `Atomics`, and for a Worker, which gets the same memory by `postMessage`, without a mapping of
   * its own. The same array each time, until place or size change. Only of a shared mapping.
   *
   * A shared buffer can't be detached. Once the memory is unmapped, made inaccessible or read-only, or its thread has ended, an access through
   * it that the memory does not allow is contained and reported, on whichever thread it is made; the addresses go to nothing else until no
   * thread has the buffer any more.
   *
   * `Atomics.wait` and `Atomics.notify` meet only each other, on one and the same buffer: between two mappings use `wait` and `notify`.
   *
   * ```ts
   * const words = new Int32Array(mapping.sharedBytes.buffer)
   * Atomics.add(words, 0, 1)
   * ```
   *
   * @throws `ERR_VMAREA_NOT_SHARED` for a private mapping, `ERR_VMAREA_NO_VIEW` where Node can't make such a buffer (before 22.23, 24.21 and
   * 26.10) and in the model, `ERR_VMAREA_VIEW_TOO_LARGE` beyond what one buffer spans
   */
  get sharedBytes(): Uint8Array<SharedArrayBuffer> {
    return this[memoryOf]().sharedBytes()
  }

  /**
   * Copies from `offset` into `target` and returns it. A page that can't be read throws `MemoryFault`, with all before it copied.
   *
   * ```ts
   * const header = mapping.read(0, new Uint8Array(64))
   * ```
   */
  read<T extends ArrayBufferView>(offset: number, target: T): T {
    const holding = this[memoryOf]()
    const bytes = asBytes(target)
    holding.checkCommitted(offset, bytes.length)
    const fault = holding.region.read(holding.lead + offset, bytes)
    if (fault !== undefined) throw holding.faultError(fault)
    return target
  }

  /** `read` on another thread, for pages that must come from a disk or a driver first. Do not change `target` meanwhile. */
  async readAsync<T extends ArrayBufferView>(offset: number, target: T): Promise<T> {
    const holding = this[memoryOf]()
    const bytes = asBytes(target)
    holding.checkCommitted(offset, bytes.length)
    holding.checkSettled()
    const fault = await holding.region.readAsync(holding.lead + offset, bytes)
    if (fault !== undefined) throw holding.faultError(fault)
    return target
  }

  /**
   * Calls `use` with the bytes and returns what it returns. If any fault was contained on this thread meanwhile, in whichever
   * mapping, throws `MemoryFault` instead, with the true pages put back: nothing computed from a bad page escapes unseen.
   * If `use` throws as well, its error is the fault's `cause`.
   *
   * `use` must be synchronous: what it does after an `await` would be on its own, so a promise is a `UsageError`.
   *
   * ```ts
   * const sum = mapping.access((bytes) => bytes.reduce((sum, byte) => sum + byte, 0))
   * ```
   */
  access<Result>(use: (bytes: Bytes) => Result, offset = 0, length?: number): Result {
    const holding = this[memoryOf]()
    holding.checkSettled()
    const bytes =
      offset === 0 && length === undefined ? holding.bytes() : holding.view(offset, length ?? holding.size - offset)
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
