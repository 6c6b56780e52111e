import type { WireSteps } from './wire-steps.js'

/** What the areas are of. */
export interface ViewHeader {
  readonly pid: number
  /** The name of the program, where it is known. */
  readonly program: string | null
  readonly kernel: string
  readonly pageSize: number
  /** When the first list was taken, in milliseconds since 1970. */
  readonly time: number
}

/** Where the data come from. */
export type ViewKind = 'live' | 'snapshot' | 'recording' | 'difference'

/** All that the page begins with: a first list of areas, and what changed since. */
export interface ViewData {
  readonly version: 1
  readonly kind: ViewKind
  readonly header: ViewHeader
  readonly first: WireSteps
  /** What the reader of a file doubts, and what could not be read, in sentences. */
  readonly warnings: readonly string[]
}
