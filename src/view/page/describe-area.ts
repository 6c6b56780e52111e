import { byteSize } from '../../snapshot/byte-size.js'
import { shownName } from '../data/shown-name.js'
import type { ViewArea } from '../data/view-area.js'

/** How an area is called where it has no name. */
export function nameOf({ path, permissions, deleted }: ViewArea): string {
  if (path === '') return permissions.startsWith('---') ? '(reserved)' : '(anonymous)'
  return `${shownName(path)}${deleted ? ' (deleted)' : ''}`
}

/** The last part of a path, which says most where there is little room. */
export function shortNameOf(area: ViewArea): string {
  const name = nameOf(area)
  return name.startsWith('/') ? name.slice(name.lastIndexOf('/') + 1) || name : name
}

/** An area in a line: name, size, what is resident, permissions and range. */
export function describeArea(area: ViewArea, pageSize: number): string {
  const size = byteSize((area.endPage - area.startPage) * pageSize)
  const { rss } = area.usage
  const resident = rss === undefined || rss === null ? 'resident unknown' : `${byteSize(rss)} resident`
  return `${nameOf(area)}, ${size}, ${resident}, ${area.permissions}, ${area.start.slice(2)}-${area.end.slice(2)}`
}
