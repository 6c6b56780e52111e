/** Sequential readers that are distinguished. */
const STREAMS = 4

/**
 * How many bytes one fault asks a driver for: `least` at first, and more each time a fault comes where the run before ended, up to `most`.
 * Four times as many while that is below a sixteenth of `most`, then twice, as in the kernel (`get_next_ra_size`): over a link with a long
 * round trip, each run waits for one.
 */
export class ReadAhead {
  readonly #least: number
  readonly #most: number
  // Not typed arrays, whose indexOf is a call out of compiled code.
  readonly #ends: number[] = new Array<number>(STREAMS).fill(-1)
  readonly #lengths: number[] = new Array<number>(STREAMS).fill(0)
  #oldest = 0

  constructor({ least, most }: { readonly least: number; readonly most: number }) {
    this.#least = least
    this.#most = Math.max(least, most)
  }

  /** The length of the run to request at `offset`, in bytes. */
  lengthAt(offset: number): number {
    const stream = this.#ends.indexOf(offset)
    if (stream < 0) return this.#least
    const length = this.#lengths[stream]!
    return Math.min(this.#most, length * (length < this.#most / 16 ? 4 : 2))
  }

  /** Records a request of `length` bytes, where `lengthAt` allowed `asked`. */
  began(offset: number, asked: number, length: number): void {
    let stream = this.#ends.indexOf(offset)
    if (stream < 0) {
      stream = this.#oldest
      this.#oldest = (this.#oldest + 1) % STREAMS
    }
    this.#ends[stream] = offset + length
    this.#lengths[stream] = asked
  }
}
