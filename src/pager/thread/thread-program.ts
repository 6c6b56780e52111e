import type { OpeningWords } from '../../paging/opening-limit.js'

/** The program of a serving thread, and the words for it in messages. */
export interface ThreadProgram extends OpeningWords {
  /** Evaluated when a thread starts, so that a bundler that drops this module's address breaks nothing else. */
  entry(): URL
  /** The thread's name, as a list of threads shows it. */
  readonly name: string
  /** Whose thread it is: `the driver's`. */
  readonly owner: string
  /** What a caller does once the thread has ended: `restart() the device`. */
  readonly advice: string
}
