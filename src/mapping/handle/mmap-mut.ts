import { resizeMemory } from '../memory/resize-memory.js'
import { writeHoldingAsync, writeMemory } from '../memory/write-memory.js'
import { memoryOf } from './memory-of.js'
import type { Mmap } from './mmap.js'
import type { MmapNone } from './mmap-none.js'
import type { permission } from './permission.js'
import type { CommittedTypes } from './permission-types.js'
import { ReadableMapping } from './readable-mapping.js'
import { ReservedMut } from './reserved-mut.js'
import { transitions } from './transitions.js'

/**
 * Committed memory that may be read and written.
 *
 * @remarks Invariant: every page of `[start, end)` is mapped with `PROT_READ` and `PROT_WRITE`.
 *
 * ```ts
 * using memory = mapMut({ length: 4096 })
 * memory.bytes[0] = 42
 * ```
 */
export class MmapMut extends ReadableMapping<CommittedTypes, Uint8Array<ArrayBuffer>> {
  declare readonly [permission]: 'write'

  /** The same memory as an `MmapMut`: makes it writable, or commits all of a reservation. `mapping` is moved. */
  static from(mapping: MmapNone | Mmap | ReservedMut): MmapMut {
    return mapping instanceof ReservedMut
      ? ((mapping as unknown as MmapMut).commitAll('write') as MmapMut)
      : mapping.makeMut()
  }

  /** Copies `source` to `offset`. A page that can't be written throws `MemoryFault`, with all before it written. */
  write(offset: number, source: ArrayBufferView): void {
    writeMemory(this[memoryOf](), offset, source)
  }

  /** `write` on another thread. `source` is copied at once. */
  writeAsync(offset: number, source: ArrayBufferView): Promise<void> {
    return writeHoldingAsync(this[memoryOf](), offset, source)
  }

  /** Grows or shrinks to `length` bytes: mremap(2). May move: `start` can be another afterwards. The file's size stays. */
  resize(length: number): void {
    resizeMemory(this[memoryOf](), length)
  }
}

transitions.committed.set('write', MmapMut)
