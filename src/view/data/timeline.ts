import { applyDifferences } from './apply-differences.js'
import type { Difference } from './difference.js'
import type { ViewArea } from './view-area.js'

/** One look at the process: when, and what had changed since the look before. */
export interface Step extends Difference {
  /** Milliseconds since 1970. */
  readonly time: number
}

interface Keyframe {
  /** The step that this is the list after; -1 is the first list of all. */
  readonly step: number
  readonly areas: readonly ViewArea[]
}

/**
 * The areas of a process at every moment of a recording, or of what has been watched so far.
 *
 * It keeps the first list and what changed, and a whole list again each time that so much has changed since the last one that applying it
 * would cost as much: any moment is one pass over one list.
 */
export class Timeline {
  #begin: number
  readonly #steps: Step[] = []
  readonly #keyframes: Keyframe[]
  readonly #limit: number
  #latest: readonly ViewArea[]
  #since = 0
  #kept = 0
  #dropped = 0
  #found: Keyframe

  /** `limit` is how many changed areas are kept: beyond it the oldest looks are dropped. */
  constructor(areas: readonly ViewArea[], time: number, limit = Number.POSITIVE_INFINITY) {
    this.#begin = time
    this.#keyframes = [{ step: -1, areas }]
    this.#latest = areas
    this.#found = this.#keyframes[0]!
    this.#limit = limit
  }

  /** How many moments there are: the first list, and one after each step. */
  get length(): number {
    return this.#steps.length + 1
  }

  /** How many looks at the beginning were dropped to keep the others. */
  get dropped(): number {
    return this.#dropped
  }

  get latest(): readonly ViewArea[] {
    return this.#latest
  }

  push(step: Step): void {
    this.#latest = applyDifferences(this.#latest, [step])
    this.#steps.push(step)
    const size = step.put.length + step.gone.length
    this.#kept += size
    this.#since += size
    if (this.#since >= Math.max(64, this.#latest.length / 8)) {
      this.#keyframes.push({ step: this.#steps.length - 1, areas: this.#latest })
      this.#since = 0
    }
    if (this.#kept > this.#limit && this.#keyframes.length > 2) this.#dropOldest()
  }

  /** The time of a moment, in milliseconds since 1970. */
  timeAt(index: number): number {
    return index <= 0 ? this.#begin : this.#steps[Math.min(index, this.#steps.length) - 1]!.time
  }

  /** The areas at a moment; that of the last one where it is beyond. */
  at(index: number): readonly ViewArea[] {
    const step = Math.min(Math.max(index, 0), this.#steps.length) - 1
    if (step === this.#steps.length - 1) return this.#latest
    const from = this.#found.step <= step && step - this.#found.step < 64 ? this.#found : this.#keyframeBefore(step)
    if (from.step === step) return from.areas
    this.#found = { step, areas: applyDifferences(from.areas, this.#steps.slice(from.step + 1, step + 1)) }
    return this.#found.areas
  }

  /** The moment that held at a time: the last one that is not later. */
  indexAt(time: number): number {
    let low = 0
    let high = this.#steps.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#steps[middle]!.time <= time) low = middle + 1
      else high = middle
    }
    return low
  }

  /** What changed to bring a moment about; nothing for the first. */
  stepAt(index: number): Step | undefined {
    return this.#steps[index - 1]
  }

  #keyframeBefore(step: number): Keyframe {
    let low = 0
    let high = this.#keyframes.length
    while (low + 1 < high) {
      const middle = (low + high) >> 1
      if (this.#keyframes[middle]!.step <= step) low = middle
      else high = middle
    }
    return this.#keyframes[low]!
  }

  /** Makes the second keyframe the beginning, and drops every look before it. */
  #dropOldest(): void {
    this.#keyframes.shift()
    const count = this.#keyframes[0]!.step + 1
    const dropped = this.#steps.splice(0, count)
    for (const { gone, put } of dropped) this.#kept -= gone.length + put.length
    for (const [at, { step, areas }] of this.#keyframes.entries()) this.#keyframes[at] = { step: step - count, areas }
    this.#begin = dropped.at(-1)!.time
    this.#dropped += count
    this.#found = this.#keyframes[0]!
  }
}
