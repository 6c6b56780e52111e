import type { IncomingMessage } from 'node:http'
import { httpError } from './http-error.js'
import { networkError } from './network-error.js'
import { TransientError } from './transient-error.js'

/** A buffer that waits for its bytes. */
interface Part {
  readonly bytes: Uint8Array
  filled: number
  readonly resolve: (filled: number) => void
}

/**
 * One answer, read in consecutive parts, each directly into its buffer. Between two parts it is paused: further bytes wait in the
 * connection's buffers, which are the only read-ahead.
 */
export class RangeStream {
  /** The end of the requested range. */
  readonly end: number
  readonly #url: () => URL
  readonly #abort = new AbortController()
  readonly #released: (stream: RangeStream) => void
  readonly #parts: Part[] = []
  /** Received bytes that belong to the next part. */
  readonly #early: Buffer[] = []
  /** The offset of the next byte to receive. */
  #received: number
  /** The offset of the next byte to copy to a part. */
  #position: number
  /** The offset at which the next part must begin. */
  #tail: number
  #response: IncomingMessage | undefined
  #failure: Error | undefined
  /** Whether all bytes were received and the answer ended there. */
  #isComplete = false
  #isClosed = false

  /**
   * Asks for `[first, end)`.
   *
   * @param ask makes the request, and rejects an answer with any other range
   * @param released called when it no longer uses its connection
   */
  constructor(
    first: number,
    end: number,
    url: () => URL,
    ask: (first: number, end: number, signal: AbortSignal) => Promise<IncomingMessage>,
    released: (stream: RangeStream) => void,
  ) {
    this.end = end
    this.#url = url
    this.#released = released
    this.#received = first
    this.#position = first
    this.#tail = first
    ask(first, end, this.#abort.signal).then(
      (response) => this.#begin(response),
      (error: Error) => this.destroy(error),
    )
  }

  /** The offset at which the next part must begin. Reading is possible while it is below `end` and the stream is open. */
  get tail(): number {
    return this.#tail
  }

  get isOpen(): boolean {
    return !this.#isClosed
  }

  /** Whether it is open and no part waits. */
  get isIdle(): boolean {
    return !this.#isClosed && this.#parts.length === 0
  }

  /** The error that ended it early. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /**
   * Reads from `tail` on until `bytes` is full or the range ends. Resolves with the number of valid bytes: fewer after an error, which
   * `failure` has. After that, and after `destroy`, nothing is written to `bytes`.
   */
  read(bytes: Uint8Array): Promise<number> {
    const wanted = bytes.subarray(0, this.end - this.#tail)
    if (this.#isClosed || wanted.length === 0) return Promise.resolve(0)
    this.#tail += wanted.length
    return new Promise((resolve) => {
      this.#parts.push({ bytes: wanted, filled: 0, resolve })
      this.#give()
      if (this.#parts.length > 0) this.#response?.resume()
    })
  }

  /** Ends the request. Its readers get the received bytes and `failure`. */
  destroy(failure: Error): void {
    if (this.#isClosed) return
    this.#failure = failure
    this.#close()
    this.#abort.abort()
    this.#response?.destroy()
  }

  #begin(response: IncomingMessage): void {
    this.#response = response
    if (this.#isClosed) {
      response.destroy()
      return
    }
    if (response.destroyed) {
      this.destroy(this.#lost(response.errored ?? undefined))
      return
    }
    response.on('data', (chunk: Buffer) => this.#take(chunk))
    response.on('end', () => this.#ended())
    response.on('error', (error) => this.destroy(this.#lost(error)))
    response.on('close', () => {
      if (!this.#isComplete) this.destroy(this.#lost(undefined))
    })
    if (this.#parts.length === 0) response.pause()
  }

  #take(chunk: Buffer): void {
    if (this.#isClosed) return
    this.#received += chunk.length
    if (this.#received > this.end) {
      this.destroy(httpError('EPROTO', this.#url(), 'the server sent more bytes than it said'))
      return
    }
    this.#early.push(chunk)
    this.#give()
    if (this.#parts.length === 0) this.#response?.pause()
  }

  /** Copies the received bytes to the parts. */
  #give(): void {
    while (this.#early.length > 0 && this.#parts.length > 0) {
      const chunk = this.#early[0]!
      const part = this.#parts[0]!
      const length = Math.min(chunk.length, part.bytes.length - part.filled)
      part.bytes.set(length === chunk.length ? chunk : chunk.subarray(0, length), part.filled)
      part.filled += length
      this.#position += length
      if (length === chunk.length) this.#early.shift()
      else this.#early[0] = chunk.subarray(length)
      if (part.filled < part.bytes.length) continue
      // The last part is done only when the answer has ended.
      if (this.#position === this.end) break
      this.#parts.shift()
      part.resolve(part.filled)
    }
    if (this.#isComplete && this.#position === this.end) this.#close()
  }

  #ended(): void {
    if (this.#isClosed) return
    if (this.#received < this.end) {
      this.destroy(this.#lost(undefined))
      return
    }
    this.#isComplete = true
    this.#released(this)
    if (this.#position === this.end) this.#close()
  }

  #lost(error: Error | undefined): Error {
    if (error instanceof TransientError) return error
    if (error !== undefined) return networkError(this.#url(), error, false)
    const missing = this.end - this.#received
    return new TransientError(httpError('EIO', this.#url(), `the server closed ${missing} bytes before the end`), {
      delay: 0,
    })
  }

  #close(): void {
    this.#isClosed = true
    this.#early.length = 0
    // Discard the bytes of a server that breaks the protocol.
    const isSound = this.#failure === undefined || this.#failure instanceof TransientError
    for (const { filled, resolve } of this.#parts.splice(0)) resolve(isSound ? filled : 0)
    this.#released(this)
  }
}
