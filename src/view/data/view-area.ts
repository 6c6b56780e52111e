import { type Kind, kindOf } from '../../snapshot/kind-of.js'
import type { AreaSnapshot } from '../../snapshot/snapshot.js'
import { pageOf } from './page-of.js'

/** An area as the page keeps it: what was seen of it, with its range as numbers that can be compared and drawn. */
export interface ViewArea extends AreaSnapshot {
  /** The number of its first page: the address divided by the page size, which a number holds exactly. */
  readonly startPage: number
  /** The number of the page behind its last. */
  readonly endPage: number
  readonly kind: Kind
}

/** Adds to a checked area what the page computes with. */
export function viewArea(area: AreaSnapshot, pageSize: number): ViewArea {
  const { start, end, permissions, flags, offset, device, inode, path, deleted, usage } = area
  // Field by field: a spread of an object that JSON.parse made is several times as slow, and there may be a million.
  return {
    start,
    end,
    permissions,
    flags,
    offset,
    device,
    inode,
    path,
    deleted,
    usage,
    startPage: pageOf(start, pageSize),
    endPage: pageOf(end, pageSize),
    kind: kindOf(area),
  }
}
