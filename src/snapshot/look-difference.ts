import { isSameArea } from './is-same-area.js'
import type { AreaSnapshot } from './snapshot.js'

/** The changes that turn the areas of one look at a process into those of the next. */
export interface LookDifference {
  /** The addresses at which areas began that are gone. */
  readonly gone: readonly string[]
  /** Areas that are new, or of which anything changed, in order of address. */
  readonly put: readonly AreaSnapshot[]
}

/** The difference of two looks, by all recorded fields of an area. */
export function lookDifference(before: readonly AreaSnapshot[], after: readonly AreaSnapshot[]): LookDifference {
  const old = new Map(before.map((area) => [area.start, area] as const))
  const put = after.filter((area) => {
    const was = old.get(area.start)
    old.delete(area.start)
    return was === undefined || !isSameArea(was, area)
  })
  return { gone: [...old.keys()], put }
}
