import { isSameOutline } from './is-same-outline.js'
import type { AreaSnapshot } from './snapshot.js'
import { USAGE_FIELDS } from './usage-fields.js'

/** Whether all recorded fields of an area are unchanged. */
export function isSameArea(a: AreaSnapshot, b: AreaSnapshot): boolean {
  return (
    a === b ||
    (isSameOutline(a, b) &&
      a.deleted === b.deleted &&
      sameFlags(a.flags, b.flags) &&
      (a.usage === b.usage || USAGE_FIELDS.every((field) => (a.usage[field] ?? null) === (b.usage[field] ?? null))))
  )
}

function sameFlags(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((flag, at) => flag === b[at]))
}
