import { restOfRange } from '../../vocabulary/options/rest-of-range.js'
import { commitMemory, decommitHolding } from '../memory/commit-memory.js'
import { Mapping } from './mapping.js'
import { memoryOf } from './memory-of.js'
import type { permission } from './permission.js'
import type { ReservedTypes } from './permission-types.js'
import { transitions } from './transitions.js'

/**
 * Reserved addresses, whose committed parts have no access.
 *
 * @remarks Invariant: `[start, end)` belongs to this process and no byte of it can be accessed.
 *
 * ```ts
 * using addresses = reserveNone({ length: 2 ** 30 })
 * const heap = addresses.makeMut() // `addresses` is moved
 * ```
 */
export class ReservedNone extends Mapping<ReservedTypes> {
  /** Makes the permission part of the type. It has no value at run time. */
  declare readonly [permission]: 'reserved-none'

  /**
   * Gives a part of the reservation its permission: its pages count as memory from now on. A range of whole pages, in any order; a part
   * that is committed already stays as it is.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_PAGE_ALIGNED`
   * @throws VmError `ENOMEM` where a limit was met: nothing is committed then
   */
  commit(offset = 0, length: number = restOfRange(this.size, offset)): void {
    commitMemory(this[memoryOf](), offset, length)
  }

  /**
   * Frees the memory of a part and keeps its addresses. A range of whole pages. Private contents are lost; a file keeps its bytes. Detaches
   * the views.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_PAGE_ALIGNED`
   * @throws VmError `ENOMEM` where the process has no room for another area
   */
  decommit(offset = 0, length: number = restOfRange(this.size, offset)): void {
    decommitHolding(this[memoryOf](), offset, length)
  }
}

transitions.reserved.set('none', ReservedNone)
