import type { DeviceStatistics } from '../kernel/device-statistics.js'

/** The last entry takes all waits of more than 2^30 microseconds, which are 18 minutes. */
const LATENCIES = 32
const [FAULTS, FILLS, BYTES_FILLED, FAILURES, TIMEOUTS, WAITING, BYTES_DROPPED, HITS] = [0, 1, 2, 3, 4, 5, 6, 7]
const [BYTES_WRITTEN_BACK, BYTES_UNWRITTEN] = [8, 9]
const COUNTERS = 10

/** The counters of requests and answers. They may lie in memory that another thread reads; one thread writes them. */
export class RequestCounters {
  /** The size of the counters in bytes. Their address must be a multiple of 8. */
  static readonly BYTES: number = (COUNTERS + LATENCIES) * 8
  readonly #numbers: Float64Array

  constructor(memory: ArrayBufferLike = new ArrayBuffer(RequestCounters.BYTES), at = 0) {
    this.#numbers = new Float64Array(memory, at, COUNTERS + LATENCIES)
  }

  /** Continues from other counters, with no waiter. */
  continueFrom(previous: RequestCounters): void {
    this.#numbers.set(previous.#numbers)
    this.#numbers[WAITING] = 0
  }

  countFault(): void {
    this.#numbers[FAULTS]!++
  }

  /** Counts a fault on a page that is in memory. */
  countHit(): void {
    this.#numbers[HITS]!++
  }

  countFill(): void {
    this.#numbers[FILLS]!++
  }

  countFilled(bytes: number): void {
    this.#numbers[BYTES_FILLED]! += bytes
  }

  countDropped(bytes: number): void {
    this.#numbers[BYTES_DROPPED]! += bytes
  }

  countWrittenBack(bytes: number): void {
    this.#numbers[BYTES_WRITTEN_BACK]! += bytes
  }

  /** How many bytes programs have written that the driver does not have yet. */
  setUnwritten(bytes: number): void {
    this.#numbers[BYTES_UNWRITTEN] = bytes
  }

  countFailures(count: number): void {
    this.#numbers[FAILURES]! += count
  }

  countTimeouts(count: number): void {
    this.#numbers[TIMEOUTS]! += count
  }

  countWaiting(more: number): void {
    this.#numbers[WAITING]! += more
  }

  /** Counts how long an access waited. */
  countLatency(milliseconds: number): void {
    const microseconds = milliseconds * 1000
    const entry = microseconds < 1 ? 0 : Math.min(LATENCIES - 1, 32 - Math.clz32(microseconds))
    this.#numbers[COUNTERS + entry]!++
  }

  /** A copy of the numbers. */
  read(): Omit<DeviceStatistics, 'bytesResident'> {
    const numbers = this.#numbers
    return {
      faults: numbers[FAULTS]!,
      hits: numbers[HITS]!,
      fills: numbers[FILLS]!,
      bytesFilled: numbers[BYTES_FILLED]!,
      failures: numbers[FAILURES]!,
      timeouts: numbers[TIMEOUTS]!,
      waiting: numbers[WAITING]!,
      bytesDropped: numbers[BYTES_DROPPED]!,
      bytesWrittenBack: numbers[BYTES_WRITTEN_BACK]!,
      bytesUnwritten: numbers[BYTES_UNWRITTEN]!,
      latency: [...numbers.subarray(COUNTERS)],
    }
  }
}
