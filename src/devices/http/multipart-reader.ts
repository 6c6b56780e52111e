import { type ContentRange, parseContentRange } from './parse-content-range.js'

const EMPTY: Buffer = Buffer.alloc(0)
/** The longest head of a part, in bytes. */
const LONGEST_HEAD = 8192

/** What takes the parts. */
export interface PartTaker {
  /** A part begins. Throws where it can't be used. */
  begin(range: ContentRange): void
  /** Bytes of the object from `position` on. */
  take(position: number, bytes: Buffer): void
}

/** Reads the body of an answer of the type `multipart/byteranges` (RFC 9110, 14.6) as it comes. */
export class MultipartReader {
  readonly #delimiter: string
  readonly #taker: PartTaker
  /** The part of a head that has come. */
  #head = EMPTY
  /** The bytes of the object that the part still has. */
  #position = 0
  #end = 0

  constructor(boundary: string, taker: PartTaker) {
    this.#delimiter = `--${boundary}`
    this.#taker = taker
  }

  /** Throws where the body is no such one. */
  push(chunk: Buffer): void {
    let rest = chunk
    while (rest.length > 0) rest = this.#position < this.#end ? this.#pass(rest) : this.#open(rest)
  }

  #pass(bytes: Buffer): Buffer {
    const length = Math.min(bytes.length, this.#end - this.#position)
    this.#taker.take(this.#position, bytes.subarray(0, length))
    this.#position += length
    return bytes.subarray(length)
  }

  #open(bytes: Buffer): Buffer {
    const head = this.#head.length === 0 ? bytes : Buffer.concat([this.#head, bytes])
    const length = head.indexOf('\r\n\r\n', 2) // the first line end may be that of the part before
    if (length < 0) {
      if (head.length > LONGEST_HEAD) throw new Error('a part has no head')
      this.#head = head
      return EMPTY
    }
    this.#head = EMPTY
    const [delimiter, ...lines] = head.subarray(0, length).toString('latin1').trimStart().split('\r\n')
    if (delimiter!.trimEnd() !== this.#delimiter) throw new Error(`a part begins with ${JSON.stringify(delimiter)}`)
    const text = lines.map((line) => /^content-range:\s*(.*?)\s*$/i.exec(line)?.[1]).find((one) => one !== undefined)
    const range = parseContentRange(text)
    if (range === undefined || range.first >= range.end) throw new Error(`a part has the Content-Range ${text}`)
    this.#taker.begin(range)
    this.#position = range.first
    this.#end = range.end
    return head.subarray(length + 4)
  }
}
