import type { Mmap } from '../../mapping/handle/mmap.js'

/** What one stop leaves for the next. */
export interface TourContext {
  readonly file: string
  mapping: Mmap | undefined
}

/** A stop of the tour: shows one thing and says in a few lines what it showed. Throws if it turned out otherwise. */
export interface Stop {
  readonly title: string
  /** An explanation that requires no knowledge of the subject. It is wrapped when it is printed. */
  readonly explanation: string
  show(context: TourContext): readonly string[] | Promise<readonly string[]>
}
