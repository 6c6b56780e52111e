import type { RangeStream } from './range-stream.js'

/** A sequential read of the object. */
export interface Sequence {
  /** The offset of the next read if it is sequential. */
  next: number
  /** How many bytes were read in sequence up to there. */
  length: number
  /** The answer whose next byte is at `next`, if there is one. */
  stream: RangeStream | undefined
}
