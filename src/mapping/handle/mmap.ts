import type { ReadonlyBytes } from '../memory/readonly-bytes.js'
import { resizeMemory } from '../memory/resize-memory.js'
import { memoryOf } from './memory-of.js'
import type { MmapMut } from './mmap-mut.js'
import type { MmapNone } from './mmap-none.js'
import type { permission } from './permission.js'
import type { CommittedTypes } from './permission-types.js'
import { ReadableMapping } from './readable-mapping.js'
import { Reserved } from './reserved.js'
import { transitions } from './transitions.js'

/**
 * Committed memory that may be read, and perhaps executed.
 *
 * @remarks Invariant: every page of `[start, end)` is mapped with `PROT_READ` and without `PROT_WRITE`.
 *
 * ```ts
 * using file = map({ file: 'package.json' })
 * console.log(new TextDecoder().decode(file.bytes))
 * ```
 */
export class Mmap extends ReadableMapping<CommittedTypes, ReadonlyBytes> {
  declare readonly [permission]: 'read'

  /** The same memory as an `Mmap`: makes it read-only, or commits all of a reservation. `mapping` is moved. */
  static from(mapping: MmapNone | MmapMut | Reserved): Mmap {
    return mapping instanceof Reserved
      ? ((mapping as unknown as Mmap).commitAll('read') as Mmap)
      : mapping.makeReadOnly()
  }

  /** Grows or shrinks to `length` bytes: mremap(2). May move: `start` can be another afterwards. The file's size stays. */
  resize(length: number): void {
    resizeMemory(this[memoryOf](), length)
  }
}

transitions.committed.set('read', Mmap)
