import { showValue } from '../../vocabulary/options/show-value.js'
import { PROT } from '../../vocabulary/prot.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { commitMemory } from '../memory/commit-memory.js'
import type { HeldMemory } from '../memory/held-memory.js'
import { mergeMemory } from '../memory/merge-memory.js'
import { splitMemory } from '../memory/split-memory.js'
import { MappedRange } from './mapped-range.js'
import { memoryOf } from './memory-of.js'
import { moveOut } from './move-out.js'
import type { PermissionTypes } from './permission-types.js'
import { transitions } from './transitions.js'

/**
 * A handle on memory that this process has mapped, with the permission in its type.
 *
 * @remarks Invariant: as long as the handle is neither moved nor unmapped, `[start, end)` belongs to this mapping
 * alone, with the permission that the handle's class states.
 *
 * A method that changes the permission *moves* the mapping: use the handle that it returns, the old one throws `ERR_VMAREA_MOVED`. If such
 * a method throws, nothing has changed: the old handle still works and its views live. A method that succeeds detaches the views that were
 * handed out before, so that a stale one has length 0.
 */
export abstract class Mapping<F extends PermissionTypes = PermissionTypes> extends MappedRange {
  // ---- permission ----

  /**
   * Takes all access away: mprotect(2) with `PROT_NONE`. Moves the mapping.
   *
   * @throws VmError `ENOMEM` where the process has no room for another area
   */
  makeNone(): F['none'] {
    return this.#become('none', PROT.NONE) as F['none']
  }

  /**
   * Makes the memory readable and nothing else: mprotect(2) with `PROT_READ`. Moves the mapping.
   *
   * ```ts
   * const fixed = memory.makeReadOnly() // `memory` is moved, and its views have length 0
   * ```
   *
   * @throws VmError `EACCES` where a driver has taken this permission away, `ENOMEM` where the process has no room for
   * another area
   */
  makeReadOnly(): F['read'] {
    return this.#become('read', PROT.READ) as F['read']
  }

  /**
   * Makes the memory readable and executable, and flushes the instruction cache on processors that require it. Moves the mapping.
   *
   * @throws VmError `EACCES` on a file system that is mounted noexec or where a driver has taken this permission away,
   * `ENOMEM` where the process has no room for another area
   */
  makeExec(): F['read'] {
    this.flushIcache()
    return this.makeExecNoFlush()
  }

  /**
   * Makes the memory readable and executable. On processors other than x86, code written before may not be seen without
   * `flushIcache`. Moves the mapping.
   *
   * @throws VmError as `makeExec`: `EACCES`, `ENOMEM`
   */
  makeExecNoFlush(): F['read'] {
    return this.#become('read', PROT.READ | PROT.EXEC) as F['read']
  }

  /**
   * Makes the memory readable and writable: mprotect(2). Moves the mapping. A shared mapping of a path requires `writable: true` when it is
   * mapped.
   *
   * @throws VmError `EACCES` where the file is not open for writing or a driver has taken this permission away,
   * `ENOMEM` where the process has no room for another area
   */
  makeMut(): F['write'] {
    return this.#become('write', PROT.READ | PROT.WRITE) as F['write']
  }

  /**
   * Makes the memory readable, writable and executable. Moves the mapping.
   *
   * @throws UsageError `ERR_VMAREA_WRITABLE_AND_EXECUTABLE` where it was mapped without `jit: true`
   * @throws VmError as `makeExec` and `makeMut`: `EACCES`, `ENOMEM`
   */
  makeExecMut(): F['write'] {
    return this.#become('write', PROT.READ | PROT.WRITE | PROT.EXEC) as F['write']
  }

  #become(form: 'none' | 'read' | 'write', protection: number): Mapping {
    const holding = this[memoryOf]()
    const next = this.#next(form, holding.committed === undefined ? 'committed' : 'reserved')
    holding.protect(protection)
    this[moveOut]()
    return next
  }

  /** @internal Commits all of a reservation and moves it to the committed form of the same permission. */
  protected commitAll(form: 'none' | 'read' | 'write'): Mapping {
    const holding = this[memoryOf]()
    holding.checkSettled()
    const next = this.#next(form, 'committed')
    commitMemory(holding, 0, holding.size)
    holding.detachViews()
    holding.committed = undefined
    this[moveOut]()
    return next
  }

  // The handle that the memory moves to is made before the memory changes: a full stack, or no memory for an object, changes nothing then.
  #next(form: 'none' | 'read' | 'write', kind: keyof typeof transitions): Mapping {
    const Handle = transitions[kind].get(form)!
    return new Handle(this[memoryOf]())
  }

  // ---- shape ----

  /**
   * Cuts the mapping in two: this handle keeps `[0, at)`, the returned one has the rest. No byte is touched; the views are detached.
   *
   * ```ts
   * const body = mapping.splitOff(4096) // `mapping` keeps the first 4096 bytes
   * ```
   *
   * @param at bytes from the first byte: on a page boundary of the memory, above 0 and below `size`
   * @throws UsageError `ERR_VMAREA_OUT_OF_RANGE` where `at` is not inside, `ERR_VMAREA_NOT_PAGE_ALIGNED` where it is
   * not on a page boundary
   */
  splitOff(at: number): this {
    return new (this.constructor as new (holding: HeldMemory) => this)(splitMemory(this[memoryOf](), at, 'keep-head'))
  }

  /**
   * Cuts the mapping in two: this handle keeps `[at, size)`, the returned one has what was before. As `splitOff` otherwise.
   *
   * @param at bytes from the first byte: on a page boundary of the memory, above 0 and below `size`
   * @throws UsageError as `splitOff`: `ERR_VMAREA_OUT_OF_RANGE`, `ERR_VMAREA_NOT_PAGE_ALIGNED`
   */
  splitTo(at: number): this {
    return new (this.constructor as new (holding: HeldMemory) => this)(splitMemory(this[memoryOf](), at, 'keep-tail'))
  }

  /**
   * Joins the mapping that begins where this one ends; `other` is moved. Both must be of one kind: the same permission, sharing, page size
   * and file, and the bytes of the file must continue without a gap. The kernel's areas decide that, not what the handles remember. On an
   * error both mappings stay as they are.
   *
   * ```ts
   * const tail = memory.splitOff(8192)
   * memory.merge(tail) // as before the split
   * ```
   *
   * @throws UsageError `ERR_VMAREA_NOT_ADJACENT` where `other` does not begin at `end`, `ERR_VMAREA_ATTRIBUTE_MISMATCH`
   * where the two differ in kind, `ERR_VMAREA_BACKING_MISMATCH` where the file does not continue, `ERR_VMAREA_INVALID_ARGUMENT` for what is no
   * mapping
   */
  merge(other: this): void {
    const holding = this[memoryOf]()
    // Each copy of the package has a symbol of its own.
    if (typeof (other as Mapping | null | undefined)?.[memoryOf] !== 'function') {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `other of merge must be a mapping of this copy of the package, and is ${showValue(other)}`,
      )
    }
    mergeMemory(holding, other[memoryOf]())
    other[moveOut]()
  }
}
