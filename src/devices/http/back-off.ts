import { setTimeout as sleep } from 'node:timers/promises'
import type { TransientError } from './transient-error.js'

const FIRST = 100
const LONGEST = 5000
/** The longest delay of a server that is accepted: a longer one fails the request. */
const LONGEST_ASKED = 60_000

/**
 * How long to wait before a request is repeated: twice as long each time, with a random part, so that many clients do not retry at once.
 */
export class BackOff {
  readonly #most: number
  #failures = 0

  /** @param most how many times in a row a request may fail */
  constructor(most: number) {
    this.#most = most
  }

  /** Resets the count of failures after bytes arrived. */
  reset(): void {
    this.#failures = 0
  }

  /** Resolves when it is time to try again. Throws the error of the failure when the retries are used up. */
  async wait(failure: TransientError, signal: AbortSignal): Promise<void> {
    if (!failure.counts) return
    const { delay = Math.min(FIRST * 2 ** this.#failures, LONGEST) * (0.5 + Math.random() / 2) } = failure
    this.#failures += 1
    if (this.#failures > this.#most || delay > LONGEST_ASKED) throw failure.error
    if (delay > 0) await sleep(delay, undefined, { signal })
  }
}
