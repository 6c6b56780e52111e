/**
 * In which order pages leave memory for a budget, at one moment. Pages are numbered from the start of the device, or of the swapped memory, whose
 * parts follow each other.
 */
export interface EvictionOrder {
  /** `age`: by last use, the oldest first. `clock`: a hand goes round, and takes the pages that were not used since it passed them last. */
  readonly by: 'age' | 'clock'
  /** The pages that leave next, the first one first: 16 at most. */
  readonly next: readonly number[]
  /** How many pages were set aside and leave first. A touch of one is noticed, and keeps it. */
  readonly candidates: number
  /** How many pages in memory leave after those. */
  readonly others: number
  /** The page at which the hand stands; `null` where there is no hand. */
  readonly hand: number | null
  /** How many pages the hand goes round; `null` where there is no hand. */
  readonly round: number | null
}
