import type { AreaSnapshot } from './snapshot.js'

/** The fields that identify an area. */
export type Outline = Pick<AreaSnapshot, 'start' | 'end' | 'permissions' | 'offset' | 'inode' | 'device' | 'path'>

/** Whether two areas have the same range, permissions, and place in the same file. */
export function isSameOutline(a: Outline, b: Outline): boolean {
  return (
    a.start === b.start &&
    a.end === b.end &&
    a.permissions === b.permissions &&
    a.offset === b.offset &&
    a.inode === b.inode &&
    a.device === b.device &&
    a.path === b.path
  )
}
