import { commitHolding, decommitHolding } from './commit-holding.js'
import type { ReservedForms } from './forms.js'
import { handleClasses } from './handle-classes.js'
import { live } from './live.js'
import { Mapping } from './mapping.js'
import type { permission } from './permission.js'

/**
 * Reserved addresses, whose committed parts have no access.
 *
 * @remarks Invariant: `[start, end)` is this process's and nothing in it can be accessed.
 */
export class ReservedNone extends Mapping<ReservedForms> {
  declare readonly [permission]: 'reserved-none'

  /** Commits a part: it counts as memory from now on. Whole pages, in any order, as often as you like. */
  commit(offset = 0, length: number = this.size - offset): void {
    commitHolding(this[live](), offset, length)
  }

  /** Gives a part's memory back and keeps its addresses. Whole pages. */
  decommit(offset = 0, length: number = this.size - offset): void {
    decommitHolding(this[live](), offset, length)
  }
}

handleClasses.reserved.set('none', ReservedNone)
