import { commitMemory, decommitHolding } from '../memory/commit-memory.js'
import { Mapping } from './mapping.js'
import { memoryOf } from './memory-of.js'
import type { permission } from './permission.js'
import type { ReservedTypes } from './permission-types.js'
import { transitions } from './transitions.js'

/**
 * Reserved addresses, whose committed parts have no access.
 *
 * @remarks Invariant: `[start, end)` is this process's and nothing in it can be accessed.
 */
export class ReservedNone extends Mapping<ReservedTypes> {
  declare readonly [permission]: 'reserved-none'

  /** Commits a part: it counts as memory from now on. Whole pages, in any order, as often as you like. */
  commit(offset = 0, length: number = this.size - offset): void {
    commitMemory(this[memoryOf](), offset, length)
  }

  /** Gives a part's memory back and keeps its addresses. Whole pages. */
  decommit(offset = 0, length: number = this.size - offset): void {
    decommitHolding(this[memoryOf](), offset, length)
  }
}

transitions.reserved.set('none', ReservedNone)
