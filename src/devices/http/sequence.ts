import type { RangeStream } from './range-stream.js'

/** A place where somebody reads on and on. */
export interface Sequence {
  /** Where the next read will begin if it goes on. */
  next: number
  /** How many bytes were read up to there, one behind the other. */
  length: number
  /** The answer that stands at `next`, where one does. */
  stream: RangeStream | undefined
}
