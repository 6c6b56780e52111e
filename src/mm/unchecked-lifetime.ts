import type { AreaLifetime } from './area-lifetime.js'
import type { MmWithUser } from './mm-with-user.js'

/** The lifetime of an area whose lock the caller guarantees: no use is checked. */
export class UncheckedLifetime implements AreaLifetime {
  readonly mm: MmWithUser

  constructor(mm: MmWithUser) {
    this.mm = mm
  }

  check(): void {}
}
