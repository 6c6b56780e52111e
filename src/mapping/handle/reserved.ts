import { restOfRange } from '../../vocabulary/options/rest-of-range.js'
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
 * @remarks Invariant: `[start, end)` belongs to this process; committed pages are mapped with `PROT_READ` and without
 * `PROT_WRITE`, and the others can't be accessed. `bytes`, `view`, `read` and `access` require their range committed as a whole.
 *
 * ```ts
 * using file = reserve({ file: 'data.bin' })
 * file.commit(0, 65536)
 * console.log(file.view(0, 16))
 * ```
 */
export class Reserved extends ReadableMapping<ReservedTypes, ReadonlyBytes> {
  /** Makes the permission part of the type. It has no value at run time. */
  declare readonly [permission]: 'reserved-read'

  /**
   * Moves `mapping` to a `Reserved`: the committed parts become readable and nothing else.
   *
   * @throws VmError `EACCES` where a driver has taken this permission away, `ENOMEM` where a limit was met
   */
  static from(mapping: ReservedNone | ReservedMut): Reserved {
    return mapping.makeReadOnly()
  }

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

transitions.reserved.set('read', Reserved)
