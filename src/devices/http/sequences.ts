import type { Sequence } from './sequence.js'

/** The most sequences that are tracked at once. */
const MOST = 8

/** The sequential reads of the object: the most recently used ones. */
export class Sequences {
  /** In the order of their last use, the latest last. */
  readonly #sequences: Sequence[] = []

  /** Records a read of `[offset, offset + length)`: it continues a sequence, or begins one. */
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

  /** Drops the answer that has been idle for longest. */
  giveUpIdle(): void {
    const idle = this.#sequences.find(({ stream }) => stream?.isIdle === true)
    if (idle !== undefined) this.#leave(idle)
  }

  #leave(sequence: Sequence): void {
    // A reader that still uses it closes it at the end, because no sequence continues there.
    const { stream } = sequence
    sequence.stream = undefined
    if (stream?.isIdle === true) stream.destroy(new Error('the rest of the answer is not read'))
  }
}
