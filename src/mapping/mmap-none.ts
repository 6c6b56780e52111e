import type { CommittedForms } from './forms.js'
import { handleClasses } from './handle-classes.js'
import { live } from './live.js'
import { Mapping } from './mapping.js'
import type { permission } from './permission.js'
import type { ReservedNone } from './reserved-none.js'
import { resizeHolding } from './resize-holding.js'

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
export class MmapNone extends Mapping<CommittedForms> {
  declare readonly [permission]: 'none'

  /** Commits all of a reservation. The reservation is moved. */
  static from(mapping: ReservedNone): MmapNone {
    return (mapping as unknown as MmapNone).commitAll('none') as unknown as MmapNone
  }

  /** Grows or shrinks to `length` bytes: mremap(2). May move: `start` can be another afterwards. The file's size stays. */
  resize(length: number): void {
    resizeHolding(this[live](), length)
  }
}

handleClasses.committed.set('none', MmapNone)
