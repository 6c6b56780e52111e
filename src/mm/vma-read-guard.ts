import type { Area } from '../kernel/area.js'
import type { AreaLifetime } from './area-lifetime.js'
import { HeldLock } from './held-lock.js'
import type { MmWithUser } from './mm-with-user.js'
import { VmaRef } from './vma-ref.js'

/**
 * One area with its own lock held for reading: the kernel's `VmaReadGuard`, which is a `VmaRef` until it is released.
 *
 * On the running kernel the lock behind it is the same as that of `MmapReadGuard`, and counts for `EDEADLK` likewise.
 */
export class VmaReadGuard extends VmaRef implements Disposable {
  /** `vma_end_read`. A second time does nothing. It is a property of its own so that structured clone refuses the guard. */
  readonly release: () => void

  /** Takes over a hold of the lock. Ask `lockVmaUnderRcu` for one instead. */
  constructor(area: Area, mm: MmWithUser) {
    const lifetime = new GuardLifetime(mm)
    super(area, lifetime)
    this.release = lifetime.holdFor(this)
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

class GuardLifetime implements AreaLifetime {
  readonly mm: MmWithUser
  #lock: HeldLock | undefined

  constructor(mm: MmWithUser) {
    this.mm = mm
  }

  holdFor(owner: object): () => void {
    const lock = new HeldLock(this.mm.asRaw(), owner, 'VmaReadGuard')
    this.#lock = lock
    return () => lock.release()
  }

  check(): void {
    this.#lock?.check()
  }
}
