import type { OpeningWords } from '../../paging/opening-limit.js'

/** What a serving thread runs, and how messages speak of it. */
export interface ThreadProgram extends OpeningWords {
  /** Asked for when a thread begins, so that a bundler that leaves no address of this module breaks nothing else. */
  entry(): URL
  /** The thread's name, as a list of threads shows it. */
  readonly name: string
  /** Whose thread it is: `the driver's`. */
  readonly owner: string
  /** What a caller does once the thread has ended: `restart() the device`. */
  readonly advice: string
}
