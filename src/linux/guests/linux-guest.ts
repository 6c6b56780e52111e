import type {
  GuestRegion,
  GuestReports,
  OnGuestFailure,
  RawGuest,
  RawGuestMemory,
  RawGuestStatistics,
  RawLatency,
  RawServeOptions,
  SourceSegment,
} from '../../kernel/guest-host.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { readProcFile } from '../proc/read-proc-file.js'
import { GuestMemory } from './guest-memory.js'
import { withGuestPagemap } from './guest-pagemap.js'
import { guestReports } from './guest-reports.js'
import { pageOutGuest } from './page-out-guest.js'

// As `native/guests/` numbers them.
const ON_FAILURE: Readonly<Record<OnGuestFailure, number>> = { poison: 0, kill: 1, wait: 2 }
const KIND = { file: 0, zero: 1, script: 2, hole: 1 } as const
const STATE = { THERE: 1, REMOVED: 2, WRITTEN: 3 } as const
/** A feature of a userfaultfd: the kernel removes write protection itself. */
const WP_ASYNC = 1n << 15n
const COUNTS = 10
const BUCKETS = 160
/** As `native/guests/statistics.h` orders them. */
const OUTCOMES = ['missing', 'removed', 'prefetched', 'raced', 'retried', 'failed'] as const

/** A guest of this process: a number in the addon's table. */
export class LinuxGuest implements RawGuest {
  reports: GuestReports | undefined
  readonly #number: number
  readonly #features: bigint
  /** Whether the kernel lifts the protection of a written page itself (wp_async): the page table then says what was written. */
  #protectsItself = false
  #gone = false
  /** Written before this handler served it. */
  #written: readonly Range[] = []
  /** Offsets of pages that were poisoned, which are never written. */
  readonly #failed = new Set<number>()
  readonly #waiting: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = []
  #prefetches = 0
  readonly #pid: number
  readonly #regions: readonly GuestRegion[]

  /** Takes over the descriptors. `onGone` is called first when its process is gone. */
  constructor(
    descriptors: { userfaultfd: number; pidfd: number; pid: number; log: number },
    regions: readonly GuestRegion[],
    onFailure: OnGuestFailure,
    onGone: () => void,
  ) {
    guestReports.listen()
    this.#pid = descriptors.pid
    this.#regions = regions
    const numbers = Float64Array.from(
      regions.flatMap(({ start, length, offset, pageSize }) => [start, length, offset, pageSize]),
    )
    const { userfaultfd, pidfd, pid, log } = descriptors
    this.#features = featuresOf(userfaultfd)
    this.#number = check(addon().guestOpen(userfaultfd, pidfd, pid, log, ON_FAILURE[onFailure], numbers), 'userfaultfd')
    guestReports.addGuest(this.#number, {
      gone: () => {
        onGone()
        this.#gone = true
        for (const { reject } of this.#waiting.splice(0))
          reject(new VmError('ESRCH', 'userfaultfd', { hint: `process ${pid} has ended` }))
        this.reports?.gone()
      },
      pageFailed: (offset, errno) => {
        this.#failed.add(offset)
        this.reports?.pageFailed(offset, errno)
      },
      dirty: () => this.#waiting.shift()?.resolve(),
      prefetched: (calls) => this.reports?.prefetched(calls),
      left: () => this.reports?.left(),
    })
  }

  /** What the addon knows it by. */
  get number(): number {
    return this.#number
  }

  serve(segments: readonly SourceSegment[], options: RawServeOptions): void {
    const numbers = Float64Array.from(
      segments.flatMap(({ kind, start, end, at, number }) => [KIND[kind], start, end, at, number]),
    )
    const { around, timeout, unregisterRemoved, killOnPageFailure, protects, records } = options
    this.#protectsItself = protects && (this.#features & WP_ASYNC) !== 0n
    const flags = [unregisterRemoved, killOnPageFailure, protects, this.#protectsItself, records].map(Number)
    check(addon().guestServe(this.#number, numbers, Float64Array.of(around, timeout, ...flags)), 'userfaultfd')
    if (protects && !this.#protectsItself) this.#mark(STATE.WRITTEN, this.#written)
  }

  /** Another handler served it before: call this first. */
  takenOver({ present, written }: TakenPages, removed: readonly Range[]): void {
    this.#written = written
    this.#mark(STATE.REMOVED, removed)
    this.#mark(STATE.THERE, present)
    check(addon().guestWakeAll(this.#number), 'userfaultfd')
  }

  async dirty(reset: boolean): Promise<Range[]> {
    const written = this.#protectsItself ? this.#takeWritten(reset) : []
    check(addon().guestAskForDirty(this.#number, reset), 'userfaultfd')
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }))
    const bits = new Uint8Array(check(addon().guestTakeDirty(this.#number, new Uint8Array(0)), 'userfaultfd'))
    addon().guestTakeDirty(this.#number, bits)
    // Those that failed before the scan have been reported by now.
    return [...written.flatMap((range) => this.#withoutFailed(range)), ...this.#rangesOf(bits)]
  }

  markDirty(ranges: readonly Range[]): void {
    this.#mark(STATE.WRITTEN, ranges)
  }

  pageOut(): number {
    if (this.#gone) throw new VmError('ESRCH', 'process_madvise', { hint: `process ${this.#pid} has ended` })
    return pageOutGuest(this.#pid, this.#regions)
  }

  openMemory(): Promise<RawGuestMemory> {
    return GuestMemory.open(this.#pid)
  }

  #takeWritten(reset: boolean): Range[] {
    return withGuestPagemap(this.#pid, (pagemap) =>
      this.#regions.flatMap(({ start, length }) => pagemap.written(start, start + length, reset)),
    )
  }

  /** A page that was poisoned is not protected, as one that was written. */
  #withoutFailed([start, end]: Range): Range[] {
    const ranges: Range[] = []
    let at = start
    for (const { start: first, length, offset, pageSize } of this.#regions) {
      const failed = [...this.#failed]
        .filter((place) => place >= offset && place < offset + length)
        .map((place) => first + (place - offset))
        .filter((address) => address >= at && address < end)
        .sort((one, other) => one - other)
      for (const address of failed) {
        if (address > at) ranges.push([at, address])
        at = address + pageSize
      }
    }
    if (at < end) ranges.push([at, end])
    return ranges
  }

  /** The ranges of addresses whose bits are set, a bit a page. */
  #rangesOf(bits: Uint8Array): Range[] {
    const ranges: Range[] = []
    let first = 0
    for (const { start, length, pageSize } of this.#regions) {
      for (let page = 0; page < length / pageSize; page++) {
        const bit = first + page
        if (bits[bit >> 3] === 0) page += 7 - (bit & 7)
        else if (((bits[bit >> 3]! >> (bit & 7)) & 1) !== 0) {
          ranges.push([start + page * pageSize, start + (page + 1) * pageSize])
        }
      }
      first += length / pageSize
    }
    return ranges
  }

  #mark(state: number, ranges: readonly Range[]): void {
    check(addon().guestMark(this.#number, state, Float64Array.from(ranges.flat())), 'userfaultfd')
  }

  prefetch(ranges: readonly (readonly [start: number, end: number])[]): number {
    check(addon().guestPrefetch(this.#number, Float64Array.from(ranges.flat())), 'userfaultfd')
    return ++this.#prefetches
  }

  statistics(): RawGuestStatistics {
    const numbers = new Float64Array(COUNTS + OUTCOMES.length * (1 + BUCKETS))
    check(addon().guestStatistics(this.#number, numbers), 'userfaultfd')
    const [filled, zeroed, prefetched, raced, retried, failed, unprotected, resident, removed, removals] =
      numbers as unknown as number[]
    return {
      filled: filled!,
      zeroed: zeroed!,
      prefetched: prefetched!,
      raced: raced!,
      retried: retried!,
      failed: failed!,
      unprotected: unprotected!,
      resident: resident!,
      removed: removed!,
      removals: removals!,
      latencies: Object.fromEntries(
        OUTCOMES.map((outcome, index) => [outcome, latencyAt(numbers, index)]),
      ) as RawGuestStatistics['latencies'],
    }
  }

  takeRecord(): number[] {
    const offsets: number[] = []
    const part = new Float64Array(4096)
    for (;;) {
      const count = check(addon().guestTakeRecord(this.#number, part), 'userfaultfd')
      offsets.push(...part.subarray(0, count))
      if (count < part.length) return offsets
    }
  }

  states(): Uint8Array {
    const states = new Uint8Array(check(addon().guestStates(this.#number, new Uint8Array(0)), 'userfaultfd'))
    addon().guestStates(this.#number, states)
    return states
  }

  leave(): void {
    const code = addon().guestLeave(this.#number)
    if (code < 0) throw new VmError(code, 'userfaultfd')
  }

  forget(): void {
    addon().guestForget(this.#number)
  }
}

type Range = readonly [start: number, end: number]

/** Ranges of addresses that a process has, and of those that are not write-protected. */
export interface TakenPages {
  readonly present: readonly Range[]
  readonly written: readonly Range[]
}

function latencyAt(numbers: Float64Array, index: number): RawLatency {
  const at = COUNTS + index * (1 + BUCKETS)
  return { sum: numbers[at]!, buckets: numbers.subarray(at + 1, at + 1 + BUCKETS) }
}

/** The features of a userfaultfd whose `UFFDIO_API` another process has called. */
function featuresOf(userfaultfd: number): bigint {
  const text = readProcFile(`/proc/self/fdinfo/${userfaultfd}`, 'has the features of a userfaultfd')
  const [, features = '0'] = /^API:\s*[\da-f]+:([\da-f]+):/m.exec(text) ?? []
  return BigInt(`0x${features}`)
}
