import type { AddressSpace } from '../kernel/address-space.js'
import type { Area } from '../kernel/area.js'
import type { AreaLifetime } from './area-lifetime.js'
import type { MmWithUser } from './mm-with-user.js'

/** For an area whose lock the caller vouches for. */
export class UncheckedLifetime implements AreaLifetime {
  /** Filled in by `MmWithUser`, which needs the guards, which need this. */
  static mmWithUserOf: (addressSpace: AddressSpace) => MmWithUser
  readonly #area: Area

  constructor(area: Area) {
    this.#area = area
  }

  get mm(): MmWithUser {
    return UncheckedLifetime.mmWithUserOf(this.#area.addressSpace)
  }

  check(): void {}
}
