import type { IncomingMessage } from 'node:http'
import type { VmError } from '../../vocabulary/vm-error.js'
import { BackOff } from './back-off.js'
import type { CheckedHttpOptions } from './checked-http-options.js'
import { discard } from './discard.js'
import { httpError } from './http-error.js'
import { ObjectVersion } from './object-version.js'
import { openObject } from './open-object.js'
import { parseContentRange } from './parse-content-range.js'
import { RangeRequests } from './range-requests.js'
import { RangeStream } from './range-stream.js'
import { readPartHead } from './read-part-head.js'
import { readParts } from './read-parts.js'
import type { Sequence } from './sequence.js'
import { Sequences } from './sequences.js'
import { TransientError } from './transient-error.js'

/** One version of an object on a server, read by ranges. Invariant: all bytes that it returned belong to that version. */
export class HttpObject {
  readonly version: ObjectVersion
  readonly #options: CheckedHttpOptions
  readonly #requests: RangeRequests
  readonly #sequences = new Sequences()
  readonly #streams = new Set<RangeStream>()
  /** Whether the server answers conditional requests for this version correctly. */
  #heedsConditions = true
  /** The error that ended reading: the server has another version, or the device was closed. */
  #over: VmError | undefined

  /**
   * Opens the object on the server. Rejects with `VmError` where the server can't be reached, has no such object, does not serve ranges
   * of it, or marks its versions less reliably than `options.consistency` requires.
   */
  static async open(options: CheckedHttpOptions, signal: AbortSignal): Promise<HttpObject> {
    const requests = new RangeRequests(options)
    try {
      return new HttpObject(options, requests, await openObject(requests, options, signal))
    } catch (error) {
      requests.close()
      throw error
    }
  }

  private constructor(options: CheckedHttpOptions, requests: RangeRequests, version: ObjectVersion) {
    this.#options = options
    this.#requests = requests
    this.version = version
  }

  /**
   * Fills `bytes` with the object's bytes from `offset` on, and with zeros past its end. Transient failures are retried until `signal`
   * aborts. Rejects with `VmError`; nothing is written to `bytes` after that.
   */
  async read(offset: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const length = Math.max(Math.min(bytes.length, this.version.size - offset), 0)
    bytes.fill(0, length)
    if (length === 0) return
    const sequence = this.#sequences.enter(offset, length)
    // Read ahead no more than was read in sequence before: a random read requests its own range alone.
    const ahead = Math.min(sequence.length - length, this.#options.readAhead)
    const backOff = new BackOff(this.#options.retries)
    let done = 0
    let failure: TransientError | undefined
    while (done < length) {
      if (this.#over !== undefined) throw this.#over
      if (signal.aborted) throw this.#givenUp(failure, signal)
      const stream = this.#streamAt(offset + done, offset + length, sequence, ahead)
      const came = await this.#readFrom(stream, bytes.subarray(done, length), signal)
      this.#leave(stream, sequence)
      done += came
      if (came > 0) backOff.reset()
      if (done === length || stream.failure === undefined) continue
      if (signal.aborted) throw this.#givenUp(failure, signal)
      if (!(stream.failure instanceof TransientError)) throw stream.failure
      failure = stream.failure
      await backOff.wait(failure, signal).catch((error) => {
        throw signal.aborted ? this.#givenUp(failure, signal) : error
      })
    }
  }

  /**
   * Gives `take` the bytes of several ranges, of this version alone, by one request (RFC 9110, 14.2) and in the server's order. Rejects where
   * the server answers otherwise, with what `take` was given before; it may also leave out ranges, of which `take` then hears nothing.
   */
  async readSeveral(
    ranges: readonly { readonly first: number; readonly end: number }[],
    take: (position: number, bytes: Buffer) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#over !== undefined) throw this.#over
    const conditions = this.#heedsConditions ? this.version.conditions : {}
    const response = await this.#requests.ask(ranges, conditions, signal)
    try {
      await readParts(this.#requests.url, response, this.version, take)
    } catch (error) {
      discard(response)
      throw error
    }
  }

  /** Ends all requests and fails their readers. */
  close(): void {
    this.#over = httpError('EBADF', this.#requests.url, 'the device was closed')
    for (const stream of this.#streams) stream.destroy(this.#over)
    this.#requests.close()
  }

  /** The answer whose next byte is at `position`, or a new one for `[position, end)` and the read-ahead of the sequence. */
  #streamAt(position: number, end: number, sequence: Sequence, readAhead: number): RangeStream {
    const standing = sequence.stream
    if (standing?.isOpen === true && standing.tail === position && standing.end > position) return standing
    if (this.#streams.size >= this.#options.connections) this.#sequences.giveUpIdle()
    // Only the last read of a sequence reads ahead: the bytes after the others are requested already.
    const ahead = sequence.next === end ? readAhead : 0
    const stream = new RangeStream(
      position,
      Math.min(end + ahead, this.version.size),
      () => this.#requests.url,
      (first, last, signal) => this.#ask(first, last, signal),
      (released) => this.#streams.delete(released),
    )
    this.#streams.add(stream)
    if (stream.end > end) sequence.stream = stream
    return stream
  }

  async #readFrom(stream: RangeStream, bytes: Uint8Array, signal: AbortSignal): Promise<number> {
    const giveUp = () => {
      const error = httpError('EIO', this.#requests.url, 'another reader of the same answer gave up')
      stream.destroy(new TransientError(error, { counts: false }))
    }
    signal.addEventListener('abort', giveUp)
    try {
      return await stream.read(bytes)
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** Ends an answer with more bytes than will be read. */
  #leave(stream: RangeStream, sequence: Sequence): void {
    if (stream.isIdle && sequence.stream !== stream) stream.destroy(new Error('the rest of the answer is not read'))
  }

  /** Requests `[first, end)` of this version. The answer begins at `first`, and may end before `end`. */
  async #ask(first: number, end: number, signal: AbortSignal): Promise<IncomingMessage> {
    const conditions = this.#heedsConditions ? this.version.conditions : {}
    const response = await this.#requests.ask([{ first, end }], conditions, signal)
    try {
      if (response.statusCode === 412) throw await this.#refused(signal)
      if (response.statusCode === 416) throw this.#outside(response)
      const head = readPartHead(this.#requests.url, response)
      if (!head.version.equals(this.version)) throw this.#change(head.version)
      // A server may send less than was requested (RFC 9110, 15.3.7): the rest is requested as after any answer that ends early.
      if (head.first !== first || head.end > end) {
        const text = response.headers['content-range']
        throw httpError(
          'EPROTO',
          this.#requests.url,
          `bytes ${first}-${end - 1} were asked for, and this came: ${text}`,
        )
      }
      return response
    } catch (error) {
      discard(response)
      throw error
    }
  }

  /** The error where the server refuses the requested version. */
  async #refused(signal: AbortSignal): Promise<Error> {
    const version = await openObject(this.#requests, { ...this.#options, etag: undefined, consistency: 'none' }, signal)
    if (!version.equals(this.version)) return this.#change(version)
    // The server has this version after all: it misreads conditional requests, or had another version for a moment.
    this.#heedsConditions = false
    return new TransientError(httpError('ESTALE', this.#requests.url, `the server denies to have ${this.version}`), {
      delay: 0,
    })
  }

  /** The error where the server reports that the range lies outside the object. */
  #outside({ headers }: IncomingMessage): Error {
    const total = parseContentRange(headers['content-range'])?.total
    if (total !== undefined && total !== this.version.size) return this.#change(new ObjectVersion(headers, total))
    return httpError(
      'EPROTO',
      this.#requests.url,
      `the server finds a range outside of the object's ${this.version.size} bytes`,
    )
  }

  #change(version: ObjectVersion): VmError {
    const hint = `the object has changed. This device serves ${this.version}; the server now has ${version}`
    this.#over ??= httpError('ESTALE', this.#requests.url, hint)
    return this.#over
  }

  #givenUp(failure: TransientError | undefined, signal: AbortSignal): VmError {
    const last = failure === undefined ? '' : `; before that: ${failure.message}`
    return httpError(
      'ETIMEDOUT',
      this.#requests.url,
      `the server did not send the bytes before the request was given up${last}`,
      signal.reason,
    )
  }
}
