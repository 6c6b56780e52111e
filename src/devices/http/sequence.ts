import type { RangeStream } from './range-stream.js'

/** A place that is read sequentially. */
export interface Sequence {
  /** Where the next read begins if it is sequential. */
  next: number
  /** How many bytes were read up to there, one behind the other. */
  length: number
  /** The answer that stands at `next`, where one does. */
  stream: RangeStream | undefined
}
