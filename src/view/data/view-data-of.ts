import type { Step } from './timeline.js'
import type { ViewArea } from './view-area.js'
import type { ViewData, ViewHeader, ViewKind } from './view-data.js'
import { encodeSteps } from './wire-steps.js'

/** Packs what the page begins with: the first list is the first step. */
export function viewDataOf(
  kind: ViewKind,
  header: ViewHeader,
  areas: readonly ViewArea[],
  steps: readonly Step[] = [],
  warnings: readonly string[] = [],
): ViewData {
  const first: Step = { time: header.time, gone: [], put: areas }
  return { version: 1, kind, header, first: encodeSteps([first, ...steps], header.pageSize), warnings }
}
