/**
 * The memory that a device's program and its pager's thread share, so that one sees of the other what it has to see while that one is
 * busy: the counters, and the time since when it is.
 */
export class PagerState {
  readonly memory: SharedArrayBuffer
  readonly #control: Int32Array
  /** Indexed by `COUNTER`. Written by the pager's thread alone. */
  readonly counters: Float64Array
  /** `DeviceStatistics.latency` */
  readonly latency: Float64Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(LATENCY_AT + LATENCIES * 8)) {
    this.memory = memory
    this.#control = new Int32Array(memory, 0, 2)
    this.counters = new Float64Array(memory, COUNTERS_AT, COUNTERS)
    this.latency = new Float64Array(memory, LATENCY_AT, LATENCIES)
  }

  /** For the thread that comes after one that ended: it goes on counting where that stopped, and nobody waits for it yet. */
  forNextThread(): PagerState {
    const next = new PagerState()
    next.counters.set(this.counters)
    next.latency.set(this.latency)
    next.counters[COUNTER.WAITING] = 0
    next.counters[COUNTER.BUSY_SINCE] = 0
    return next
  }

  /** How many answers the pager has given. */
  get answers(): number {
    return Atomics.load(this.#control, 0)
  }

  /** One more. Wakes who waits for it. */
  countAnswer(): void {
    Atomics.add(this.#control, 0, 1)
    Atomics.notify(this.#control, 0)
  }

  /** Waits until there are other than `seen` answers, or so many milliseconds. */
  waitForAnswer(seen: number, milliseconds: number): void {
    Atomics.wait(this.#control, 0, seen, milliseconds)
  }

  /** Notes how long a fault waited. */
  countLatency(milliseconds: number): void {
    const microseconds = milliseconds * 1000
    const entry = microseconds < 1 ? 0 : Math.min(LATENCIES - 1, 32 - Math.clz32(microseconds))
    this.latency[entry]!++
  }
}

const COUNTERS_AT = 8
const COUNTERS = 8
const LATENCY_AT = COUNTERS_AT + COUNTERS * 8
/** The last entry takes all that took more than 2^30 microseconds, which are 18 minutes. */
const LATENCIES = 32

/** Places in `PagerState.counters`. */
export const COUNTER = {
  FAULTS: 0,
  FILLS: 1,
  BYTES_FILLED: 2,
  FAILURES: 3,
  TIMEOUTS: 4,
  WAITING: 5,
  BYTES_DROPPED: 6,
  /** Since when the driver is set up, or a synchronous hook of it runs, in milliseconds as `Date.now()` tells; 0 while none does. */
  BUSY_SINCE: 7,
} as const
