import type { HttpObject } from './http-object.js'
import { TransientError } from './transient-error.js'
import { WantedRange } from './wanted-range.js'

/** The most ranges of a request: servers limit them, Apache to 200. */
const MOST_RANGES = 64
/** The most requests in flight. What comes meanwhile is gathered for the next one. */
const MOST_REQUESTS = 2

interface Read {
  readonly range: WantedRange
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Reads ahead of demand, many of them a request (RFC 9110, 14.2), where the server has that. Where an answer is another one or ends early,
 * each read that lacks bytes is a request of its own.
 */
export class GatheredReads {
  readonly #object: HttpObject
  readonly #signal: AbortSignal
  #reads: Read[] = []
  #requests = 0
  #sending = false
  /** The server does not serve several ranges at once. */
  #oneByOne = false

  constructor(object: HttpObject, signal: AbortSignal) {
    this.#object = object
    this.#signal = signal
  }

  /** As `HttpObject.read`. */
  read(offset: number, bytes: Uint8Array): Promise<void> {
    if (this.#oneByOne || offset + bytes.length > this.#object.version.size) {
      return this.#object.read(offset, bytes, this.#signal)
    }
    return new Promise((resolve, reject) => {
      this.#reads.push({ range: new WantedRange(offset, bytes), resolve, reject })
      this.#sendSoon()
    })
  }

  /** With the other reads of this turn. */
  #sendSoon(): void {
    if (this.#sending) return
    this.#sending = true
    queueMicrotask(() => {
      this.#sending = false
      while (this.#reads.length > 0 && this.#requests < MOST_REQUESTS) {
        void this.#send(this.#reads.splice(0, MOST_RANGES))
      }
    })
  }

  async #send(reads: readonly Read[]): Promise<void> {
    this.#requests++
    const waiting = new Set(reads)
    try {
      if (reads.length > 1 && !this.#oneByOne) await this.#readTogether(waiting)
      await Promise.all([...waiting].map((read) => this.#readAlone(read)))
    } finally {
      this.#requests--
      if (this.#reads.length > 0) this.#sendSoon()
    }
  }

  /** Takes from the set each read that it has filled. */
  async #readTogether(waiting: Set<Read>): Promise<void> {
    try {
      await this.#object.readSeveral(
        [...waiting].map(({ range }) => range),
        (position, bytes) => {
          for (const read of waiting) {
            read.range.take(position, bytes)
            if (read.range.isFilled && waiting.delete(read)) read.resolve()
          }
        },
        this.#signal,
      )
      this.#oneByOne = waiting.size > 0
    } catch (error) {
      // Reading each alone repeats a failure that lasts.
      if (!(error instanceof TransientError)) this.#oneByOne = true
    }
  }

  #readAlone({ range, resolve, reject }: Read): Promise<void> {
    return this.#object.read(range.first, range.bytes, this.#signal).then(resolve, reject)
  }
}
