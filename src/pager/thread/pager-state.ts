import { RequestCounters } from '../../paging/request-counters.js'

const ANSWERS_AT = 0
const BUSY_AT = 8
const COUNTERS_AT = 16

/**
 * The memory that a program and a serving thread share, so that each sees what it has to see of the other while that one is busy: the
 * counters, and how long a hook has been running.
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

  /** For the thread that follows one that ended: the counters go on, and no access waits for it yet. */
  forNextThread(): PagerState {
    const next = new PagerState()
    next.counters.continueFrom(this.counters)
    return next
  }

  /** Since when the driver is set up, or a synchronous hook of it runs, on the clock of `Date.now()`; 0 while none does. */
  get busySince(): number {
    return this.#busy[0]!
  }

  set busySince(time: number) {
    this.#busy[0] = time
  }

  /** How many answers the thread has given. */
  get answers(): number {
    return Atomics.load(this.#answers, 0)
  }

  /** Counts one more answer, and wakes the thread that waits for it. */
  countAnswer(): void {
    Atomics.add(this.#answers, 0, 1)
    Atomics.notify(this.#answers, 0)
  }

  /** Stops the calling thread until there are other than `seen` answers, for so many milliseconds at most. */
  waitForAnswer(seen: number, milliseconds: number): void {
    Atomics.wait(this.#answers, 0, seen, milliseconds)
  }
}
