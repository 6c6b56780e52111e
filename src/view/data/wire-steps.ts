import type { Step } from './timeline.js'
import type { ViewArea } from './view-area.js'
import { decodeAreas, encodeAreas, type WireAreas } from './wire-areas.js'

/** Steps as they are sent: the areas of all of them in one list, so that what they share stands once. */
export interface WireSteps {
  readonly times: readonly number[]
  /** How many of `gone` belong to each step. */
  readonly goneCounts: readonly number[]
  readonly gone: readonly number[]
  /** How many of `put` belong to each step. */
  readonly putCounts: readonly number[]
  readonly put: WireAreas
}

/** Packs steps for the wire. */
export function encodeSteps(steps: readonly Step[], pageSize: number): WireSteps {
  const put: ViewArea[] = []
  const gone: number[] = []
  for (const step of steps) {
    for (const area of step.put) put.push(area)
    for (const page of step.gone) gone.push(page)
  }
  return {
    times: steps.map(({ time }) => time),
    goneCounts: steps.map((step) => step.gone.length),
    gone,
    putCounts: steps.map((step) => step.put.length),
    put: encodeAreas(put, pageSize),
  }
}

/** The steps again. */
export function decodeSteps({ times, goneCounts, gone, putCounts, put }: WireSteps, pageSize: number): Step[] {
  const areas = decodeAreas(put, pageSize)
  const steps: Step[] = []
  let nextGone = 0
  let nextPut = 0
  for (const [at, time] of times.entries()) {
    const endGone = nextGone + goneCounts[at]!
    const endPut = nextPut + putCounts[at]!
    steps.push({ time, gone: gone.slice(nextGone, endGone), put: areas.slice(nextPut, endPut) })
    nextGone = endGone
    nextPut = endPut
  }
  return steps
}
