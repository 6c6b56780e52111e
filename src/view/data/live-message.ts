import type { NamedReport } from './named-report.js'
import type { ViewData } from './view-data.js'
import type { WireSteps } from './wire-steps.js'

/** What looking costs, and how often it is done. Milliseconds. */
export interface LookCost {
  /** The last look at the list of areas. */
  readonly layout: number
  readonly layoutEvery: number
  /** The last look at flags and usage, for which the kernel walks all pages; `null` before the first. */
  readonly usage: number | null
  readonly usageEvery: number
  /** The watcher's part of one processor, in per cent, over the last seconds. */
  readonly processor: number
}

/** What may not be looked at, and why. It is unknown, which is not zero. */
export interface Refusal {
  readonly what: 'flags and usage' | 'pages' | 'bytes'
  readonly reason: string
}

/** The events of a live view, by their names on the stream. */
export interface LiveMessages {
  /** The whole state: at the beginning, when the process runs another program, and for a browser that fell behind. */
  readonly state: { readonly data: ViewData; readonly dropped: number; readonly refusals: readonly Refusal[] }
  readonly steps: WireSteps
  readonly cost: LookCost
  /** What its devices, swaps and guests say; none where the program offers nothing. */
  readonly pagers: readonly NamedReport[]
  /** The process ended, and nothing follows. */
  readonly ended: { readonly time: number; readonly reason: string }
}
