import { RequestCounters } from '../../paging/request-counters.js'
import { monotonicTime } from './monotonic-time.js'

const ANSWERS_AT = 0
const BUSY_AT = 8
const COUNTERS_AT = 16

/**
 * The memory that a program and a serving thread share, so that each can read the state of the other while that is busy: the counters,
 * and how long a hook has been running.
 */
export class PagerState {
  readonly memory: SharedArrayBuffer
  /** Written by the serving thread alone. */
  readonly counters: RequestCounters
  readonly #answers: Int32Array
  readonly #busy: Float64Array

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(COUNTERS_AT + RequestCounters.BYTES)) {
    this.memory = memory
    this.#answers = new Int32Array(memory, ANSWERS_AT, 1)
    this.#busy = new Float64Array(memory, BUSY_AT, 1)
    this.counters = new RequestCounters(memory, COUNTERS_AT)
  }

  /** The state for the next thread: the counters continue, with no waiting access. */
  forNextThread(): PagerState {
    const next = new PagerState()
    next.counters.continueFrom(this.counters)
    return next
  }

  /** The time of `monotonicTime()` at which the driver's setup or a synchronous hook began; 0 while none runs. */
  get busySince(): number {
    return this.#busy[0]!
  }

  set busySince(time: number) {
    this.#busy[0] = time
  }

  /** Calls a hook, and shows the program meanwhile since when it has been running. */
  whileBusy<Result>(hook: () => Result): Result {
    const outer = this.beginBusy()
    try {
      return hook()
    } finally {
      this.busySince = outer
    }
  }

  /** `whileBusy` without a function, for what each fault does: returns what `busySince` is to be when the hook has returned. */
  beginBusy(): number {
    const outer = this.busySince
    this.busySince = outer || monotonicTime()
    return outer
  }

  /** How many answers the thread has sent. */
  get answers(): number {
    return Atomics.load(this.#answers, 0)
  }

  /** Counts one more answer, and wakes the thread that waits for it. */
  countAnswer(): void {
    Atomics.add(this.#answers, 0, 1)
    Atomics.notify(this.#answers, 0)
  }

  /** Blocks the calling thread until the number of answers differs from `seen`, for at most `timeout` milliseconds. */
  waitForAnswer(seen: number, milliseconds: number): void {
    Atomics.wait(this.#answers, 0, seen, milliseconds)
  }
}
