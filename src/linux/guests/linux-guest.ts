import { closeSync } from 'node:fs'
import type {
  GuestRegion,
  GuestReports,
  OnGuestFailure,
  RawGuest,
  RawGuestStatistics,
  RawServeOptions,
  SourceSegment,
} from '../../kernel/guest-host.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { openProcFile } from '../proc/open-proc-file.js'
import { pagemapRegions } from '../proc/pagemap-regions.js'
import { guestReports } from './guest-reports.js'

// As `native/guests/` numbers them.
const ON_FAILURE: Readonly<Record<OnGuestFailure, number>> = { poison: 0, kill: 1, wait: 2 }
const KIND = { file: 0, zero: 1, script: 2, hole: 1 } as const
const STATE = { THERE: 1, REMOVED: 2 } as const
/** Categories of `PAGEMAP_SCAN`. */
const SCAN = { PRESENT: 8, SWAPPED: 16 } as const
const COUNTS = 10
const BUCKETS = 160

/** A guest of this process: a number in the addon's table. */
export class LinuxGuest implements RawGuest {
  reports: GuestReports | undefined
  readonly #number: number
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
    this.#number = check(addon().guestOpen(userfaultfd, pidfd, pid, log, ON_FAILURE[onFailure], numbers), 'userfaultfd')
    guestReports.addGuest(this.#number, {
      gone: () => {
        onGone()
        this.reports?.gone()
      },
      pageFailed: (offset, errno) => this.reports?.pageFailed(offset, errno),
      prefetched: () => this.reports?.prefetched(),
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
    const flags = [unregisterRemoved, killOnPageFailure, protects, records].map(Number)
    check(addon().guestServe(this.#number, numbers, Float64Array.of(around, timeout, ...flags)), 'userfaultfd')
  }

  takenOver(removed: readonly (readonly [start: number, end: number])[]): void {
    check(addon().guestMark(this.#number, STATE.REMOVED, Float64Array.from(removed.flat())), 'userfaultfd')
    check(addon().guestMark(this.#number, STATE.THERE, Float64Array.from(this.#present().flat())), 'userfaultfd')
    check(addon().guestWakeAll(this.#number), 'userfaultfd')
  }

  /** The addresses of pages that are in the process's page table, present or swapped out. */
  #present(): [start: number, end: number][] {
    const pagemap = openProcFile(this.#pid, 'pagemap')
    try {
      const scan = { flags: 0, wanted: 0, told: SCAN.PRESENT | SCAN.SWAPPED }
      return this.#regions.flatMap(({ start, length }) =>
        [...pagemapRegions(pagemap, BigInt(start), BigInt(start + length), scan)]
          .filter(({ categories }) => categories !== 0)
          .map((run): [number, number] => [Number(run.start), Number(run.end)]),
      )
    } finally {
      closeSync(pagemap)
    }
  }

  prefetch(ranges: readonly (readonly [start: number, end: number])[]): void {
    check(addon().guestPrefetch(this.#number, Float64Array.from(ranges.flat())), 'userfaultfd')
  }

  statistics(): RawGuestStatistics {
    const numbers = new Float64Array(COUNTS + BUCKETS)
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
      latency: numbers.subarray(COUNTS),
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
