import type { GuestHost, GuestRegion, RawGuest, RawPeer } from '../kernel/guest-host.js'
import { hex } from '../vocabulary/hex.js'
import { checkArgument } from '../vocabulary/options/check-argument.js'
import { checkOptions } from '../vocabulary/options/check-options.js'
import { textRule } from '../vocabulary/options/text-rule.js'
import type { PagerReport } from '../vocabulary/reports/pager-report.js'
import type { Reporter } from '../vocabulary/reports/reporter.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VmError } from '../vocabulary/vm-error.js'
import { checkServeOptions } from './check-serve-options.js'
import { type DirtyRun, dirtyRuns } from './dirty-runs.js'
import type { FailedPage } from './failed-page.js'
import { publishGuest } from './guest-channel.js'
import type { GuestChange } from './guest-message.js'
import { type GuestStatistics, guestStatistics } from './guest-statistics.js'
import { GuestSwap } from './guest-swap.js'
import { saveDiff } from './save-diff.js'
import type { ServeOptions } from './serve-options.js'
import type { GuestSource, OpenedSource } from './sources/guest-source.js'
import { openSource } from './sources/open-source.js'
import type { PageSource } from './sources/page-source.js'
import {
  checkIdentity,
  otherSnapshot,
  readWorkingSet,
  type WorkingSet,
  workingSetOf,
  writeWorkingSet,
} from './working-set.js'

const resetRules = { reset: 'boolean' } as const
const pathRule = textRule('the path of a file')

/** What a monitor has sent about its memory. */
export interface ReceivedMemory {
  readonly regions: readonly GuestRegion[]
  readonly message: string
  readonly takenOver: boolean
}

/** Bytes that a prefetch reads at once, as `native/guests/answers.cc` has it. */
const PREFETCH_STEP = 65536

/** How a guest ended, and what was done for it. */
export interface GuestEnd {
  /** `gone`: its monitor has ended. `closed`: it was closed here. */
  readonly reason: 'gone' | 'closed'
  /** The last counters of the guest. */
  readonly statistics: GuestStatistics
  /** Why the recorded working set could not be written. */
  readonly recordError?: unknown
}

/**
 * A virtual machine's memory in another process, its monitor. A thread of the library's own answers its faults, so that the program's event
 * loop holds up none.
 *
 * @remarks Invariant: a page that the guest gave back reads as zeros for ever, and no page is ever overwritten. Until `serve` is called, and
 * while a page is read, the guest's processor waits.
 */
export class Guest implements Reporter {
  /** The process number of the monitor. */
  readonly pid: number
  /** The user number of the monitor. */
  readonly uid: number
  /** The guest's memory, by address. */
  readonly regions: readonly GuestRegion[]
  /** What the monitor sent: nothing to a handler that took the guest over. */
  readonly message: string
  /** Whether it was taken over from an earlier handler. */
  readonly takenOver: boolean
  /** Resolves when the monitor has ended, or the guest was closed here. */
  readonly closed: Promise<GuestEnd>
  /** The commands of crosvm's `vmm-swap`, as far as they are possible from outside the monitor. */
  readonly swap: GuestSwap
  /** Called with each page that could not be read. */
  onPageFailed: ((page: FailedPage) => void) | undefined
  /** @internal Of the source that another handler served it from. */
  expectedIdentity: string | undefined
  readonly #onServed: (identity: string | undefined) => void
  readonly #host: GuestHost
  readonly #raw: RawGuest
  readonly #pages: number
  readonly #demanded: number[] = []
  #source: OpenedSource | undefined
  #serving = false
  #notesWrites = false
  #records = false
  #recordPath: string | undefined
  #end: ((end: GuestEnd) => void) | undefined
  #last: GuestStatistics | undefined
  #left = false
  /** Those that wait for the end of a prefetch, by the number of its call. */
  readonly #prefetching = new Map<() => void, number>()
  #applied: (() => void) | undefined

  /** @internal */
  constructor(
    host: GuestHost,
    peer: Pick<RawPeer, 'pid' | 'uid'>,
    raw: RawGuest,
    { regions, message, takenOver }: ReceivedMemory,
    onServed: (identity: string | undefined) => void = () => {},
  ) {
    this.#onServed = onServed
    this.#host = host
    this.#raw = raw
    this.swap = new GuestSwap(
      raw,
      () => this.prefetchAll(),
      () => this.statistics,
    )
    this.pid = peer.pid
    this.uid = peer.uid
    this.regions = regions
    this.message = message
    this.takenOver = takenOver
    this.#pages = regions.reduce((sum, { length, pageSize }) => sum + length / pageSize, 0)
    this.closed = new Promise((resolve) => {
      this.#end = resolve
    })
    raw.reports = {
      gone: () => void this.#gone(),
      pageFailed: (offset, errno) => {
        this.#publish(
          'page-failed',
          new VmError(errno, 'read', { hint: `page ${hex(BigInt(offset))} of the memory file` }),
        )
        this.onPageFailed?.({ offset, errno })
      },
      prefetched: (calls) => {
        for (const [resolve, call] of this.#prefetching) if (call <= calls) resolve()
      },
      left: () => this.#applied?.(),
    }
  }

  /** Bytes a page, of the first region. */
  get pageSize(): number {
    return this.regions[0]!.pageSize
  }

  /**
   * Begins to answer the guest's faults from a source, and resolves when it has begun. Once a guest.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for an option, or where the guest is served or closed already,
   * `ERR_VMAREA_SOURCE_TOO_SHORT` where a region ends past the end of the source, `ERR_VMAREA_OTHER_SNAPSHOT` where the working set is of
   * another source; what opening the source throws. The guest then waits, and may be served from another source.
   *
   * @example
   * for await (const guest of guests) await guest.serve(fileSource('/snapshots/7/memory'), { prefetch: 'all' })
   */
  async serve(source: GuestSource | PageSource, options: ServeOptions = {}): Promise<void> {
    const checked = checkServeOptions(options)
    const { around, timeout, atOnce, removed, onPageFailure, record, dirty } = checked
    if (this.#serving || this.#left) throw notServed()
    this.#serving = true
    const largest = Math.max(around, PREFETCH_STEP, ...this.regions.map(({ pageSize }) => pageSize))
    try {
      const opened = await openSource(this.#host, source, this.regions, { largest, atOnce })
      this.#source = opened
      if (this.#left) throw notServed()
      if (this.expectedIdentity !== undefined && this.expectedIdentity !== opened.identity) {
        throw otherSnapshot(this.expectedIdentity, opened.identity ?? null)
      }
      this.#onServed(opened.identity)
      const prefetch = await this.#rangesOf(checked.prefetch, opened)
      if (this.#left) throw notServed()
      this.#records = record !== false
      this.#recordPath = typeof record === 'string' ? record : undefined
      this.#raw.serve(opened.segments, {
        around,
        timeout,
        unregisterRemoved: removed === 'unregister',
        killOnPageFailure: onPageFailure === 'kill',
        protects: dirty,
        records: record !== false,
      })
      this.#notesWrites = dirty
      this.#publish('served')
      if (prefetch.length > 0) this.#raw.prefetch(prefetch)
    } catch (error) {
      this.#serving = false
      await this.#source?.close()
      this.#source = undefined
      throw error
    }
  }

  /** Fetches all that is missing, behind what is demanded, and resolves when it has: the guest then needs this process no more. */
  async prefetchAll(): Promise<void> {
    if (!this.#serving || this.#left) return
    let resolve: () => void
    const fetched = new Promise<void>((resolved) => {
      resolve = resolved
    })
    this.#prefetching.set(resolve!, this.#raw.prefetch(this.#everything()))
    await Promise.race([fetched, this.closed])
    this.#prefetching.delete(resolve!)
  }

  /** The counters as `offerStatistics` sends them: of hits and requests, pages. */
  report(): PagerReport {
    const { pageSize } = this
    const { faults, failed, resident, zeroed, raced, filled, prefetched, removed, latency } = this.statistics
    return {
      kind: 'guest',
      state: this.#left ? 'ended' : 'serving',
      faults,
      waiting: null,
      failures: failed,
      residentBytes: resident * pageSize,
      residentLimit: null,
      hits: zeroed + raced,
      requests: filled,
      bytesRead: (filled + prefetched) * pageSize,
      evictedBytes: removed * pageSize,
      writtenBytes: null,
      stagedBytes: null,
      eviction: null,
      latency: latency.octaves,
    }
  }

  /** The counters of the guest: the last ones once it is closed. */
  get statistics(): GuestStatistics {
    return this.#last ?? guestStatistics(this.#raw.statistics(), this.#pages)
  }

  /** The pages that were demanded so far, in order, with `record`; empty without it. */
  workingSet(): WorkingSet {
    if (this.#last === undefined) this.#demanded.push(...this.#raw.takeRecord())
    const sizeAt = (offset: number) =>
      this.regions.find((region) => offset >= region.offset && offset < region.offset + region.length)?.pageSize ??
      this.pageSize
    return workingSetOf(this.#demanded, sizeAt, this.#source?.identity)
  }

  /**
   * The pages that the guest has written or given back since it was served with `dirty: true`, or since the last call with `reset`, as runs
   * of the memory file. A page that was never touched is not among them. While the guest runs, a page may become dirty right after.
   *
   * With `reset` the pages count as clean from now on: in one step, so that each write is in this answer or in the next.
   *
   * @throws `ERR_VMAREA_INVALID_ARGUMENT` where it is not served with `dirty: true`, or was closed; `VmError` `ESRCH` where its monitor has ended,
   * and with `wp_async` `EACCES` without the right to look into the monitor.
   */
  async dirty(options: { readonly reset?: boolean } = {}): Promise<DirtyRun[]> {
    const { reset = false } = checkOptions('dirty()', options, resetRules)
    return dirtyRuns(await this.#dirtyRanges(reset), this.regions)
  }

  /**
   * Writes the dirty pages to a file as a diff of the snapshot: as large as the memory, with the dirty pages at their offsets, those given
   * back as zeros, and holes elsewhere. `layerSources([fileSource(diff), fileSource(base)])` reads it. The file appears whole or not at
   * all. Pause the guest first: what it writes meanwhile may be in the file in part.
   *
   * Resolves with the runs that it wrote. With `reset` they count as clean from now on, unless it fails.
   *
   * @throws As `dirty`; `VmError` `EACCES` without the right to read the monitor's memory (proc_pid_mem(5)), `EFAULT` where the monitor has unmapped a
   * part of the memory, and `EOPNOTSUPP` where the file system has no holes of the page's size.
   *
   * @example
   * const runs = await guest.saveDiff('/snapshots/8/diff', { reset: true })
   */
  async saveDiff(path: string, options: { readonly reset?: boolean } = {}): Promise<DirtyRun[]> {
    const { reset = false } = checkOptions('saveDiff()', options, resetRules)
    checkArgument('saveDiff()', 'path', path, pathRule)
    const ranges = await this.#dirtyRanges(reset)
    try {
      return await saveDiff(this.#host, this.#raw, this.regions, ranges, path)
    } catch (error) {
      if (reset) this.#raw.markDirty(ranges)
      throw error
    }
  }

  async #dirtyRanges(reset: boolean): Promise<readonly (readonly [number, number])[]> {
    if (!this.#notesWrites || this.#left) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        'writes are not noted: serve the guest with dirty: true, and ask before it is closed',
      )
    }
    return this.#raw.dirty(reset)
  }

  /** Stops serving. What was not served becomes what `onFailure` says, as long as the monitor lives. Again does nothing. */
  async close(): Promise<void> {
    if (this.#left) return
    this.#left = true
    await new Promise<void>((resolve) => {
      this.#applied = resolve
      this.#raw.leave()
    })
    await this.#ended('closed')
  }

  /** Calls `close()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #publish(change: GuestChange, cause?: unknown): void {
    publishGuest({ change, pid: this.pid, guest: this, cause })
  }

  async #gone(): Promise<void> {
    this.#left = true
    this.#applied?.()
    await this.#ended('gone')
    this.#raw.forget()
  }

  async #ended(reason: GuestEnd['reason']): Promise<void> {
    if (this.#last !== undefined) return
    const set = this.#records ? this.workingSet() : undefined
    this.#last = guestStatistics(this.#raw.statistics(), this.#pages)
    this.#publish('ended')
    const end = { reason, statistics: this.#last }
    try {
      if (set !== undefined && this.#recordPath !== undefined) await writeWorkingSet(this.#recordPath, set)
      this.#end!(end)
    } catch (recordError) {
      this.#end!({ ...end, recordError })
    }
    await this.#source?.close()
  }

  async #rangesOf(
    prefetch: ServeOptions['prefetch'],
    { identity }: OpenedSource,
  ): Promise<readonly (readonly [number, number])[]> {
    if (prefetch === undefined) return []
    if (prefetch === 'all') return this.#everything()
    const set = typeof prefetch === 'string' ? await readWorkingSet(prefetch) : prefetch
    checkIdentity(set, identity)
    return set.ranges
  }

  #everything(): (readonly [number, number])[] {
    return this.regions.map(({ offset, length }) => [offset, offset + length] as const)
  }
}

function notServed(): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', 'the guest is served already, or closed: serve each one once')
}
