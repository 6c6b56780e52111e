import { restOfRange } from '../../vocabulary/options/rest-of-range.js'
import { commitMemory, decommitHolding } from '../memory/commit-memory.js'
import { writeHoldingAsync, writeMemory } from '../memory/write-memory.js'
import { memoryOf } from './memory-of.js'
import type { permission } from './permission.js'
import type { ReservedTypes } from './permission-types.js'
import { ReadableMapping } from './readable-mapping.js'
import type { Reserved } from './reserved.js'
import type { ReservedNone } from './reserved-none.js'
import { transitions } from './transitions.js'

/**
 * Reserved addresses, whose committed parts may be read and written.
 *
 * @remarks Invariant: `[start, end)` belongs to this process; committed pages are mapped with `PROT_READ` and
 * `PROT_WRITE`, and the others can't be accessed. `bytes`, `view`, `read`, `write` and `access` require their range committed as a whole.
 *
 * ```ts
 * using heap = reserveMut({ length: 2 ** 40 })
 * heap.commit(0, 65536)
 * heap.view(0, 65536)[0] = 1
 * heap.decommit(0, 65536)
 * ```
 */
export class ReservedMut extends ReadableMapping<ReservedTypes, Uint8Array<ArrayBuffer>> {
  /** Makes the permission part of the type. It has no value at run time. */
  declare readonly [permission]: 'reserved-write'

  /**
   * Moves `mapping` to a `ReservedMut`: the committed parts become writable.
   *
   * @throws VmError `EACCES` where the file is not open for writing, `ENOMEM` where a limit was met
   */
  static from(mapping: ReservedNone | Reserved): ReservedMut {
    return mapping.makeMut()
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

  /**
   * Copies `source` to `[offset, offset + source.byteLength)`, which must be committed.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`, `ERR_VMAREA_INVALID_ARGUMENT` where
   * `source` is no typed array or DataView; `ERR_VMAREA_WOULD_DEADLOCK` where only this thread could answer the fault of a page
   * @throws MemoryFault `ERR_VMAREA_FAULT` at the first page that can't be written; the bytes before it are written
   */
  write(offset: number, source: ArrayBufferView): void {
    writeMemory(this[memoryOf](), offset, source)
  }

  /**
   * Does what `write` does on another thread. `source` is copied before the call returns.
   *
   * @throws UsageError as `write`: `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_COMMITTED`,
   * `ERR_VMAREA_INVALID_ARGUMENT`; `ERR_VMAREA_UNMAPPED` also where the mapping is unmapped meanwhile
   * @throws MemoryFault as `write`: `ERR_VMAREA_FAULT`
   */
  writeAsync(offset: number, source: ArrayBufferView): Promise<void> {
    return writeHoldingAsync(this[memoryOf](), offset, source)
  }
}

transitions.reserved.set('write', ReservedMut)
