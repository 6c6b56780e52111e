import type { Area } from '../kernel/area.js'
import type { AreaLifetime } from '../mm/area-lifetime.js'
import type { MmWithUser } from '../mm/mm-with-user.js'
import { UncheckedLifetime } from '../mm/unchecked-lifetime.js'
import { VmaMixedMap } from '../mm/vma-mixed-map.js'
import { VmaRef } from '../mm/vma-ref.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VM } from '../vocabulary/vm.js'
import { VmError } from '../vocabulary/vm-error.js'

/**
 * An area that is being set up in an `mmap` hook: the kernel's `VmaNew`. No other code can reach it yet, so its flags may be changed.
 *
 * Invariant: the `mmap` hook runs.
 *
 * ```ts
 * mmap(vma) {
 *   vma.tryClearMaywrite() // no mapping of this device can ever be written
 * }
 * ```
 *
 * @throws UsageError `ERR_VMAREA_HOOK_RETURNED` from every member once the hook has returned
 */
export class VmaNew extends VmaRef {
  readonly #lifetime: AreaLifetime

  /** A new area and what says how long it is new. A driver gets one in its `mmap` hook, or makes one with `fromRaw`. */
  constructor(area: Area, lifetime: AreaLifetime) {
    super(area, lifetime)
    this.#lifetime = lifetime
  }

  /** Wraps a raw area of the address space `mm`. The caller guarantees that its `mmap` hook runs. */
  static override fromRaw(area: Area, mm: MmWithUser): VmaNew {
    return new VmaNew(area, new UncheckedLifetime(mm))
  }

  /**
   * Sets `VM_MIXEDMAP`: the driver may map pages of its own in the area. Such an area never merges with a neighbour.
   *
   * @throws UsageError `ERR_VMAREA_KERNEL_BUG` on an area with `VM_PFNMAP`, which no call of this library can set
   */
  setMixedmap(): VmaMixedMap {
    const area = this.asPtr()
    if (area.flags & VM.PFNMAP) {
      throw new UsageError(
        'ERR_VMAREA_KERNEL_BUG',
        'VM_MIXEDMAP and VM_PFNMAP exclude each other: vm_insert_page would stop the kernel with a BUG here',
      )
    }
    area.changeFlags(VM.MIXEDMAP, 0n)
    return new VmaMixedMap(area, this.#lifetime)
  }

  /**
   * Sets `VM_IO`: touching the memory has side effects. Core dumps, prefaulting and the kernel's own accesses leave it alone, and
   * `DONTCOPY` can't be undone any more.
   */
  setIo(): void {
    this.asPtr().changeFlags(VM.IO, 0n)
  }

  /** Sets `VM_DONTEXPAND`: mremap(2) can't grow the area. */
  setDontexpand(): void {
    this.asPtr().changeFlags(VM.DONTEXPAND, 0n)
  }

  /** Sets `VM_DONTCOPY`: fork(2) leaves the area out. `MADV_DOFORK` undoes it unless `VM_IO` is set. */
  setDontcopy(): void {
    this.asPtr().changeFlags(VM.DONTCOPY, 0n)
  }

  /** Sets `VM_DONTDUMP`: core dumps leave the area out. `MADV_DODUMP` undoes it unless the area is special, as with `VM_IO`. */
  setDontdump(): void {
    this.asPtr().changeFlags(VM.DONTDUMP, 0n)
  }

  /**
   * Clears `VM_MAYREAD`, irreversibly: the area can never be made readable.
   *
   * @throws VmError `EINVAL`, with nothing changed, where the area is readable
   */
  tryClearMayread(): void {
    this.#tryClear('try_clear_mayread', VM.READ, VM.MAYREAD)
  }

  /**
   * Clears `VM_MAYWRITE`, irreversibly: the area can never be made writable.
   *
   * @throws VmError `EINVAL`, with nothing changed, where the area is writable
   */
  tryClearMaywrite(): void {
    this.#tryClear('try_clear_maywrite', VM.WRITE, VM.MAYWRITE)
  }

  /**
   * Clears `VM_MAYEXEC`, irreversibly: the area can never be made executable.
   *
   * @throws VmError `EINVAL`, with nothing changed, where the area is executable
   */
  tryClearMayexec(): void {
    this.#tryClear('try_clear_mayexec', VM.EXEC, VM.MAYEXEC)
  }

  #tryClear(call: string, active: bigint, may: bigint): void {
    const area = this.asPtr()
    if (area.flags & active) {
      throw new VmError('EINVAL', call, {
        address: area.start,
        hint: 'the program asked for this very permission, and it is set already',
      })
    }
    area.changeFlags(0n, may)
  }
}
