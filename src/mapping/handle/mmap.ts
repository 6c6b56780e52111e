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
  /** Makes the permission part of the type. It has no value at run time. */
  declare readonly [permission]: 'read'

  /**
   * Moves `mapping` to an `Mmap`: makes it read-only, or commits all of a reservation.
   *
   * @throws VmError `EACCES` where a driver has taken this permission away, `ENOMEM` where a limit was met
   */
  static from(mapping: MmapNone | MmapMut | Reserved): Mmap {
    return mapping instanceof Reserved
      ? ((mapping as unknown as Mmap).commitAll('read') as Mmap)
      : mapping.makeReadOnly()
  }

  /**
   * Grows or shrinks the mapping to `length` bytes: mremap(2). The memory may move: `start` can change. The size of the file does not. The
   * views are detached. New anonymous bytes are zero; pages past the end of a file fault until the file has grown.
   *
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE` where `length` is no whole number above 0
   * @throws VmError `EFAULT` where parts of the mapping were locked or advised differently, `ENOMEM` where a limit was met or
   * no room is free, `EINVAL` where a device's memory can't grow
   */
  resize(length: number): void {
    resizeMemory(this[memoryOf](), length)
  }
}

transitions.committed.set('read', Mmap)
