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
 * @remarks Invariant: `[start, end)` is this process's; committed pages are mapped with `PROT_READ` and `PROT_WRITE`, and the
 * others can't be accessed. `bytes`, `view`, `read`, `write` and `access` want their range committed as a whole.
 *
 * ```ts
 * using heap = reserveMut({ length: 2 ** 40 })
 * heap.commit(0, 65536)
 * heap.view(0, 65536)[0] = 1
 * heap.decommit(0, 65536)
 * ```
 */
export class ReservedMut extends ReadableMapping<ReservedTypes, Uint8Array<ArrayBuffer>> {
  declare readonly [permission]: 'reserved-write'

  /** The same reservation with reading and writing. `mapping` is moved. */
  static from(mapping: ReservedNone | Reserved): ReservedMut {
    return mapping.makeMut()
  }

  /** Commits a part: it is memory from now on. Whole pages, in any order, as often as you like. */
  commit(offset = 0, length: number = this.size - offset): void {
    commitMemory(this[memoryOf](), offset, length)
  }

  /** Gives a part's memory back and keeps its addresses. Whole pages. Detaches the views. */
  decommit(offset = 0, length: number = this.size - offset): void {
    decommitHolding(this[memoryOf](), offset, length)
  }

  /** Copies `source` to `offset`. A page that can't be written throws `MemoryFault`, with all before it written. */
  write(offset: number, source: ArrayBufferView): void {
    writeMemory(this[memoryOf](), offset, source)
  }

  /** `write` on another thread. `source` is copied at once. */
  writeAsync(offset: number, source: ArrayBufferView): Promise<void> {
    return writeHoldingAsync(this[memoryOf](), offset, source)
  }
}

transitions.reserved.set('write', ReservedMut)
