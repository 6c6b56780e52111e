import type { MmWithUser } from './mm-with-user.js'

/** For how long a right over an area holds: as long as its guard is held, or its hook runs. */
export interface AreaLifetime {
  readonly mm: MmWithUser
  /** Throws `UsageError` when the right is gone. */
  check(): void
}
