import type { IncomingMessage } from 'node:http'
import { httpError } from './http-error.js'
import { networkError } from './network-error.js'
import { TransientError } from './transient-error.js'

/** A place that waits for its bytes. */
interface Part {
  readonly bytes: Uint8Array
  filled: number
  readonly resolve: (filled: number) => void
}

/**
 * One answer, read in consecutive parts, each straight into its place. Between two parts it stands still: what the server sends then waits
 * in the connection's own buffers, which is all the read-ahead there is.
 */
export class RangeStream {
  /** Where the range that was asked for ends. */
  readonly end: number
  readonly #url: () => URL
  readonly #abort = new AbortController()
  readonly #closed: (stream: RangeStream) => void
  readonly #parts: Part[] = []
  /** What came with the end of a part and belongs to the next. */
  readonly #early: Buffer[] = []
  /** Where the next byte that comes belongs. */
  #position: number
  /** Where the next part must begin. */
  #tail: number
  #response: IncomingMessage | undefined
  #failure: Error | undefined
  #isClosed = false

  /**
   * Asks for `[first, end)`.
   *
   * @param ask makes the request, and rejects an answer that is not just that
   * @param closed called once, when nothing more comes
   */
  constructor(
    first: number,
    end: number,
    url: () => URL,
    ask: (first: number, end: number, signal: AbortSignal) => Promise<IncomingMessage>,
    closed: (stream: RangeStream) => void,
  ) {
    this.end = end
    this.#url = url
    this.#closed = closed
    this.#position = first
    this.#tail = first
    ask(first, end, this.#abort.signal).then(
      (response) => this.#begin(response),
      (error: Error) => this.destroy(error),
    )
  }

  /** Where the next part must begin. It can be read while that is below `end` and the stream is open. */
  get tail(): number {
    return this.#tail
  }

  get isOpen(): boolean {
    return !this.#isClosed
  }

  /** It is open, and nobody reads. */
  get isIdle(): boolean {
    return !this.#isClosed && this.#parts.length === 0
  }

  /** Why it ended before its end. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /**
   * Reads on, from `tail`, until `bytes` is full, or the range ends. Resolves with how many bytes came: fewer where `failure` says why.
   * After that, and after `destroy`, nothing is written to `bytes` any more.
   */
  read(bytes: Uint8Array): Promise<number> {
    const wanted = bytes.subarray(0, this.end - this.#tail)
    if (this.#isClosed || wanted.length === 0) return Promise.resolve(0)
    this.#tail += wanted.length
    return new Promise((resolve) => {
      this.#parts.push({ bytes: wanted, filled: 0, resolve })
      if (this.#parts.length > 1) return
      for (const chunk of this.#early.splice(0)) this.#take(chunk)
      this.#response?.resume()
    })
  }

  /** Ends the request. Those who read get what has come, and find `failure`. */
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
    response.on('error', (error) => this.destroy(this.#lost(error)))
    response.on('data', (chunk: Buffer) => this.#take(chunk))
    response.on('end', () => this.#ended())
    response.on('close', () => this.destroy(this.#lost(undefined)))
    if (this.#parts.length === 0) response.pause()
  }

  /** Puts what came in its place. */
  #take(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length && !this.#isClosed) {
      const part = this.#parts[0]
      if (part === undefined) {
        this.#early.push(chunk.subarray(at))
        break
      }
      if (this.#position === this.end) {
        this.destroy(httpError('EPROTO', this.#url(), 'the server sent more bytes than it said'))
        return
      }
      const length = Math.min(chunk.length - at, part.bytes.length - part.filled)
      part.bytes.set(chunk.subarray(at, at + length), part.filled)
      part.filled += length
      this.#position += length
      at += length
      // The last part is done only when the answer ends here, as it should.
      if (part.filled === part.bytes.length && this.#position < this.end) {
        this.#parts.shift()
        part.resolve(part.filled)
      }
    }
    if (this.#parts.length === 0) this.#response?.pause()
  }

  #ended(): void {
    if (this.#position === this.end) this.#close()
    else this.destroy(this.#lost(undefined))
  }

  #lost(error: Error | undefined): Error {
    if (error instanceof TransientError) return error
    if (error !== undefined) return networkError(this.#url(), error, false)
    const missing = this.end - this.#position
    return new TransientError(httpError('EIO', this.#url(), `the server closed ${missing} bytes before the end`), 0)
  }

  #close(): void {
    this.#isClosed = true
    this.#early.length = 0
    for (const { filled, resolve } of this.#parts.splice(0)) resolve(filled)
    this.#closed(this)
  }
}
