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
  declare readonly [permission]: 'none'

  /** Commits all of a reservation. The reservation is moved. */
  static from(mapping: ReservedNone): MmapNone {
    return (mapping as unknown as MmapNone).commitAll('none') as unknown as MmapNone
  }

  /** Grows or shrinks to `length` bytes: mremap(2). May move: `start` can be another afterwards. The file's size stays. */
  resize(length: number): void {
    resizeMemory(this[memoryOf](), length)
  }
}

transitions.committed.set('none', MmapNone)
