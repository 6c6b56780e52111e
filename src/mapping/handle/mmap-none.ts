import { resizeMemory } from '../memory/resize-memory.js'
import { Mapping } from './mapping.js'
import { memoryOf } from './memory-of.js'
import type { permission } from './permission.js'
import type { CommittedTypes } from './permission-types.js'
import type { ReservedNone } from './reserved-none.js'
import { transitions } from './transitions.js'

/**
 * Committed memory without access.
 *
 * @remarks Invariant: every page of `[start, end)` is mapped with `PROT_NONE`.
 *
 * ```ts
 * using none = mapNone({ length: 65536 })
 * const mapping = none.makeMut() // `none` is moved
 * ```
 */
export class MmapNone extends Mapping<CommittedTypes> {
  /** Makes the permission part of the type. It has no value at run time. */
  declare readonly [permission]: 'none'

  /** Moves a reservation to an `MmapNone` and commits all of it. @throws VmError `ENOMEM` where a limit was met */
  static from(mapping: ReservedNone): MmapNone {
    return (mapping as unknown as MmapNone).commitAll('none') as unknown as MmapNone
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

transitions.committed.set('none', MmapNone)
