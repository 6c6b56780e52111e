import type { Mmap } from '../../mapping/handle/mmap.js'

/** What one stop leaves for the next. */
export interface TourContext {
  readonly file: string
  mapping: Mmap | undefined
}

/** A stop of the tour: shows one thing and says in a few lines what it showed. Throws if it turned out otherwise. */
export interface Stop {
  readonly title: string
  /** What it is about, for a reader who has never met the subject. Wrapped where it is shown. */
  readonly explanation: string
  show(context: TourContext): readonly string[] | Promise<readonly string[]>
}
