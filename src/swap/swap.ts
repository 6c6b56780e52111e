import type { RawSwap } from '../kernel/swap/raw-swap.js'
import type { SwapState } from '../kernel/swap/swap-state.js'
import type { SwapStatistics } from '../kernel/swap/swap-statistics.js'
import type { SwapStatus } from '../kernel/swap/swap-status.js'
import { swapStatusOf } from '../paging/swap/swap-status-of.js'
import { belongsToItsThread } from '../vocabulary/errors/belongs-to-its-thread.js'
import type { FaultSourceName } from '../vocabulary/fault-source-name.js'
import type { PagerReport } from '../vocabulary/reports/pager-report.js'
import type { Reporter } from '../vocabulary/reports/reporter.js'
import { checkResidentLimit } from './raw-swap-options.js'
import type { SwapObserver } from './swap-observer.js'

/**
 * Memory whose pages can be in a store instead of RAM, while its program runs: `openSwap` returns it.
 *
 * A thread touches a page that is not in RAM and waits until it is back. Nothing else changes for the program: addresses, views and
 * permissions stay.
 *
 * @remarks Invariant: a page reads as it was written last, or the access fails with a `MemoryFault` whose reason is `'swap'`. Whatever a store
 * does, no page turns to zeros or to an older content.
 *
 * A command returns a promise that settles when the command has come to its end. It rejects with `ERR_VMAREA_SWAP_STATE` in a state in which
 * the command can't be given, with `ERR_VMAREA_SWAP_ABORTED` when another command ends it, and with `ERR_VMAREA_SWAP_ENDED` after `exit()`.
 *
 * @example
 * const memory = mapMut({ length: 2 ** 30 })
 * const swap = await openSwap(memory, { store: fileStore(), residentLimit: 128 * 2 ** 20 })
 * memory.write(0, data) // pages leave and come back as needed
 * await swap.exit()
 */
export class Swap implements AsyncDisposable, Reporter {
  readonly #raw: RawSwap
  readonly #pageSize: number
  /** @internal Structured clone rejects an object that has a function. */
  protected readonly thread: () => string = belongsToItsThread

  /** @internal */
  constructor(raw: RawSwap, pageSize: number, observer?: SwapObserver) {
    this.#raw = raw
    this.#pageSize = pageSize
    raw.onFailure((error) => observer?.swap(error === undefined ? 'recovery' : 'failure', this, error))
    raw.onDeath((cause) => observer?.swap('death', this, cause))
  }

  /** How faults are taken. */
  get source(): FaultSourceName {
    return this.#raw.source
  }

  /**
   * `ready`: nothing is out, and nothing leaves. `pending`: pages are staged. `active`: pages are in the store, or leave to keep a budget.
   * `trimInProgress`, `swapOutInProgress`, `swapInInProgress`: the command runs. `failed`: a command could not be carried out.
   */
  get state(): SwapState {
    return this.#raw.state
  }

  /** `serving`; `dead` when the thread that serves has ended: an access to a page that is out fails until `restart()`; `ended` after `exit()`. */
  get service(): 'serving' | 'dead' | 'ended' {
    return this.#raw.service
  }

  /** What was counted so far. */
  get statistics(): SwapStatistics {
    return this.#raw.statistics
  }

  /** The budget in bytes; `Infinity` without one. */
  get residentLimit(): number {
    return this.#raw.residentLimit
  }

  /** The counters as `offerStatistics` sends them. */
  report(): PagerReport {
    const { faults, failures, residentPages, bytesRead, bytesWritten, latency, ...pages } = this.statistics
    const { residentLimit } = this
    const { zero, staging, store } = latency
    return {
      kind: 'swap',
      state: this.service,
      faults,
      waiting: null,
      failures,
      residentBytes: residentPages * this.#pageSize,
      residentLimit: residentLimit === Infinity ? null : residentLimit,
      hits: pages.copiedFromStagingPages + pages.zeroedPages + pages.redundantPages,
      requests: pages.copiedFromFilePages,
      bytesRead,
      evictedBytes: (pages.evictedPages + pages.zeroPages) * this.#pageSize,
      writtenBytes: bytesWritten,
      stagedBytes: pages.stagingPages * this.#pageSize,
      eviction: this.#raw.evictionOrder() ?? null,
      latency: zero.map((count, bucket) => count + staging[bucket]! + store[bucket]!),
    }
  }

  /** Why no page can leave RAM at the moment: what the store threw last. `undefined` while pages can. It is tried again by itself. */
  get failure(): Error | undefined {
    return this.#raw.failure
  }

  /** The state, crosvm's metrics, and the last command that came to its end. */
  status(): SwapStatus {
    return swapStatusOf(this.#raw.state, this.#raw.statistics, this.#raw.transition)
  }

  /**
   * Stages all pages that are in memory: they stay in RAM, and a touch brings one back without a copy. Then the state is `pending`. Given again
   * it stages what came back since. Pages that the kernel holds (locked, pinned by a device, shared after a fork) stay, and are counted.
   *
   * @throws UsageError `ERR_VMAREA_SWAP_STATE` while `out` or another `enable` runs, and as the class
   */
  enable(): Promise<void> {
    return this.#raw.command('enable')
  }

  /**
   * Drops staged pages that are all zeros, and those that the store has unchanged.
   *
   * @throws UsageError `ERR_VMAREA_SWAP_STATE` unless the state is `pending`, or `active` with a budget; and as the class
   */
  trim(): Promise<void> {
    return this.#raw.command('trim')
  }

  /**
   * Writes all staged pages to the store and gives their RAM back. Then the state is `active`.
   *
   * @throws UsageError `ERR_VMAREA_SWAP_STATE` unless the state is `pending`, or `active` with a budget; and as the class;
   * what the store threw
   */
  out(): Promise<void> {
    return this.#raw.command('out')
  }

  /**
   * Brings all pages back into memory, and ends the budget. Then the state is `ready`.
   *
   * @throws VmError `EIO` where pages could not be read: the message has their number, and they stay poisoned
   */
  disable(): Promise<void> {
    return this.#raw.command('disable')
  }

  /**
   * Changes the budget, in bytes; `Infinity` ends it, and leaves what is out where it is.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where it is less than a page, `ERR_VMAREA_SWAP_ENDED` after `exit()`
   */
  async setResidentLimit(bytes: number): Promise<void> {
    checkResidentLimit(bytes, this.#pageSize)
    await this.#raw.setResidentLimit(bytes)
  }

  /**
   * Asks the store again for the pages that could not be read. Those that it gives are in memory soon after; an access to one of the others
   * goes on to fail.
   *
   * @throws UsageError `ERR_VMAREA_SWAP_ENDED` after `exit()`
   */
  restore(): Promise<void> {
    return this.#raw.restore()
  }

  /**
   * Starts another thread where the one that served has ended or does nothing any more, with the store opened again. Pages that were in memory
   * or staged are as they were; of those in the store, an access fails unless the store has them still. Does nothing while the thread serves.
   *
   * @throws what kept the store from being opened; UsageError `ERR_VMAREA_SWAP_ENDED` after `exit()`
   */
  restart(): Promise<void> {
    return this.#raw.restart()
  }

  /**
   * Brings all pages back, closes the store and ends the swap: the memory is as it was before. A second call does nothing.
   *
   * @throws VmError `EIO` where pages could not be read, as `disable`: the swap has ended then as well
   */
  exit(): Promise<void> {
    return this.#raw.exit()
  }

  /** Calls `exit()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.exit()
  }
}
