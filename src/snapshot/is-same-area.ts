import type { AreaSnapshot } from './snapshot.js'
import { USAGE_FIELDS } from './usage-fields.js'

/** Whether everything that was seen of an area is as it was. */
export function isSameArea(a: AreaSnapshot, b: AreaSnapshot): boolean {
  return (
    a === b ||
    (a.start === b.start &&
      a.end === b.end &&
      a.permissions === b.permissions &&
      a.offset === b.offset &&
      a.inode === b.inode &&
      a.device === b.device &&
      a.path === b.path &&
      a.deleted === b.deleted &&
      sameFlags(a.flags, b.flags) &&
      (a.usage === b.usage || USAGE_FIELDS.every((field) => (a.usage[field] ?? null) === (b.usage[field] ?? null))))
  )
}

function sameFlags(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((flag, at) => flag === b[at]))
}
