import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { printable } from '../printable.js'

/** How an area's object is called in the last column: its path, or what it is where it has none. */
export function objectName({ path, permissions, deleted }: AreaSnapshot): string {
  if (path === '') return permissions.startsWith('---') ? '(reserved)' : '(anonymous)'
  return `${printable(path)}${deleted ? ' (deleted)' : ''}`
}
