import type { Area } from '../kernel/area.js'
import type { AreaLifetime } from '../mm/area-lifetime.js'
import { MmWithUser } from '../mm/mm-with-user.js'
import { UsageError } from '../vocabulary/usage-error.js'

/** The lifetime of a reference to an area during a hook: the kernel holds the lock until the hook returns. */
export class HookLifetime implements AreaLifetime {
  readonly #area: Area
  readonly #hook: string
  #returned = false

  constructor(area: Area, hook: string) {
    this.#area = area
    this.#hook = hook
  }

  get mm(): MmWithUser {
    return MmWithUser.fromRaw(this.#area.addressSpace)
  }

  /** Ends the lifetime. */
  hookReturned(): void {
    this.#returned = true
  }

  check(): void {
    if (!this.#returned) return
    throw new UsageError(
      'ERR_VMAREA_HOOK_RETURNED',
      `the ${this.#hook} hook that was given this area has returned: look the area up again, through a guard of its mm`,
    )
  }
}
