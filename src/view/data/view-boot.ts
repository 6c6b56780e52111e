import type { ViewData } from './view-data.js'
import type { WirePages } from './wire-pages.js'

/** What the page begins with. */
export interface ViewBoot {
  /** `live`: the state comes over the stream of events. `play`: there is nothing but the playground. */
  readonly source: 'live' | 'file' | 'play'
  /** What was read from files; `null` for the other sources. */
  readonly data: ViewData | null
  /** The states of pages at the time of the data, where they were taken along. */
  readonly pages: WirePages | null
  /** Whether the server runs programs on the running kernel as well. */
  readonly kernel: boolean
  /** Lessons of the teacher's own; `null` for those of the package. */
  readonly lessons: readonly { readonly name: string; readonly title: string; readonly text: string }[] | null
}
