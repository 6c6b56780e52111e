import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'

const NEWLINE = 10
const SMALLEST_ROOM = 1 << 13
/** The first piece, for those who need the beginning alone, and the largest, to which each next one doubles: a piece is parsed by one call. */
const FIRST_PIECE = 1 << 16
const LARGEST_PIECE = 1 << 18

/** Kept for the next reader, because memory that is new costs page faults. */
let spare: Uint8Array | undefined

/** Takes the lines of `bytes` in `[from, to)`, and returns where it stopped; negative to read no more. `last` is set at the end of the file. */
export type TakeLines = (bytes: Uint8Array, from: number, to: number, last: boolean) => number

/** Reads a text file of /proc from its beginning, in pieces that stay in the processor's cache. */
export class TextReader {
  readonly #descriptor: number
  readonly #path: string
  #bytes: Uint8Array | undefined
  #kept = 0
  #piece = FIRST_PIECE
  /** The bytes that were read so far. */
  position = 0

  constructor(descriptor: number, path: string) {
    this.#descriptor = descriptor
    this.#path = path
  }

  /**
   * Reads the next piece, and passes its whole lines to `take`. What `take` leaves comes again with the next piece; at the end of the file
   * it must take all. `bytes` is valid during the call. Returns whether there is more to read. Throws `VmError`; `ESRCH` when the process has gone.
   */
  read(take: TakeLines): boolean {
    const bytes = this.#bytes ?? spare ?? new Uint8Array(LARGEST_PIECE)
    if (bytes === spare) spare = undefined
    this.#bytes = bytes
    const kept = this.#kept
    const room = Math.min(this.#piece, bytes.length)
    this.#piece *= 2
    const read = addon().readFully(this.#descriptor, this.position, bytes.subarray(kept, room))
    if (read < 0) throw new VmError(read, 'read', { path: this.#path })
    this.position += read
    const length = kept + read
    const last = length < room
    const to = last ? length : bytes.lastIndexOf(NEWLINE, length - 1) + 1
    const stopped = to > 0 ? take(bytes, 0, to, last) : 0
    if (last || stopped < 0) {
      spare = bytes
      this.#bytes = undefined
      return false
    }
    this.#keep(bytes, stopped, length)
    return true
  }

  /** Moves `[from, to)` of the bytes to the beginning, with room for more behind. */
  #keep(bytes: Uint8Array, from: number, to: number): void {
    this.#kept = to - from
    if (bytes.length - this.#kept >= SMALLEST_ROOM) {
      bytes.copyWithin(0, from, to)
      return
    }
    this.#bytes = new Uint8Array(bytes.length * 2)
    this.#bytes.set(bytes.subarray(from, to))
  }
}
