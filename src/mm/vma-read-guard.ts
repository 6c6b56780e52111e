import type { Area } from '../kernel/area.js'
import type { AreaLifetime } from './area-lifetime.js'
import { HeldLock } from './held-lock.js'
import type { MmWithUser } from './mm-with-user.js'
import { VmaRef } from './vma-ref.js'

/**
 * One area whose own lock is held for reading: the kernel's `VmaReadGuard`, which is a `VmaRef` until it is released.
 *
 * On the running kernel it holds the same lock as `MmapReadGuard`, and counts for `EDEADLK` likewise.
 *
 * ```ts
 * using vma = user.lockVmaUnderRcu(address)
 * console.log(vma?.path)
 * ```
 */
export class VmaReadGuard extends VmaRef implements Disposable {
  /** `vma_end_read`. A second call does nothing. It is an own property, so that structured clone rejects the guard. */
  readonly release: () => void

  /** Takes over a hold of the lock that the caller has taken. Call `lockVmaUnderRcu` instead. */
  constructor(area: Area, mm: MmWithUser) {
    const lifetime = new GuardLifetime(mm)
    super(area, lifetime)
    this.release = lifetime.holdFor(this)
  }

  /** Calls `release()`, for `using`. */
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
