import type { FaultQueue } from './fault-queue.js'
import type { FilePages } from './file-pages.js'

/** A source for maps of a memory file: their faults and their pages. */
export interface FaultSource {
  readonly faults: FaultQueue
  readonly pages: FilePages
}
