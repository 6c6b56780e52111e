import type { Sequence } from './sequence.js'

/** So many places in the object are read on from at once. */
const MOST = 8

/** The places where the object is being read in sequence: the last ones that were read from. */
export class Sequences {
  /** The one that was read from last is last. */
  readonly #sequences: Sequence[] = []

  /** Enters a read of `[offset, offset + length)`: it continues a sequence, or begins one. */
  enter(offset: number, length: number): Sequence {
    const index = this.#sequences.findIndex(({ next }) => next === offset)
    const known = index < 0 ? undefined : this.#sequences.splice(index, 1)[0]
    const sequence = known ?? { next: offset, length: 0, stream: undefined }
    sequence.next += length
    sequence.length += length
    this.#sequences.push(sequence)
    if (this.#sequences.length > MOST) this.#leave(this.#sequences.shift()!)
    return sequence
  }

  /** Gives up the answer that has been idle longest. */
  giveUpIdle(): void {
    const idle = this.#sequences.find(({ stream }) => stream?.isIdle === true)
    if (idle !== undefined) this.#leave(idle)
  }

  #leave(sequence: Sequence): void {
    // A reader that still has it closes it in the end, because no sequence continues there.
    const { stream } = sequence
    sequence.stream = undefined
    if (stream?.isIdle === true) stream.destroy(new Error('the rest of the answer is not read'))
  }
}
