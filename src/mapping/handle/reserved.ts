import { commitMemory, decommitHolding } from '../memory/commit-memory.js'
import type { ReadonlyBytes } from '../memory/readonly-bytes.js'
import { memoryOf } from './memory-of.js'
import type { permission } from './permission.js'
import type { ReservedTypes } from './permission-types.js'
import { ReadableMapping } from './readable-mapping.js'
import type { ReservedMut } from './reserved-mut.js'
import type { ReservedNone } from './reserved-none.js'
import { transitions } from './transitions.js'

/**
 * Reserved addresses, whose committed parts may be read.
 *
 * @remarks Invariant: `[start, end)` is this process's; committed pages are mapped with `PROT_READ` and without `PROT_WRITE`, and
 * the others can't be accessed. `bytes`, `view`, `read` and `access` want their range committed as a whole.
 */
export class Reserved extends ReadableMapping<ReservedTypes, ReadonlyBytes> {
  declare readonly [permission]: 'reserved-read'

  /** The same reservation with reading. `mapping` is moved. */
  static from(mapping: ReservedNone | ReservedMut): Reserved {
    return mapping.makeReadOnly()
  }

  /** Commits a part: it is memory from now on. Whole pages, in any order, as often as you like. */
  commit(offset = 0, length: number = this.size - offset): void {
    commitMemory(this[memoryOf](), offset, length)
  }

  /** Gives a part's memory back and keeps its addresses. Whole pages. Detaches the views. */
  decommit(offset = 0, length: number = this.size - offset): void {
    decommitHolding(this[memoryOf](), offset, length)
  }
}

transitions.reserved.set('read', Reserved)
