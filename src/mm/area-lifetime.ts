import type { MmWithUser } from './mm-with-user.js'

/** How long a reference to an area is valid: while its guard is held, or its hook runs. */
export interface AreaLifetime {
  readonly mm: MmWithUser
  /** Throws `UsageError` once the reference is no longer valid. */
  check(): void
}
