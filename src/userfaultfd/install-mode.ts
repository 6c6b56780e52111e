import { UFFD_RESOLVE_MODE } from '../vocabulary/uffd-resolve-mode.js'

/** How a page is installed. */
export interface InstallOptions {
  /** Wakes the threads that wait for the page. @defaultValue true */
  readonly wake?: boolean
  /** The page is write-protected from the start, with no moment in between. Requires a range that is registered for `wp`. */
  readonly writeProtect?: boolean
}

/** The mode bits of `UFFDIO_COPY` and `UFFDIO_CONTINUE`, whose values are equal. */
export function installMode(wake: boolean | InstallOptions): number {
  if (typeof wake === 'boolean') return wake ? 0 : UFFD_RESOLVE_MODE.DONTWAKE
  return (
    (wake.wake === false ? UFFD_RESOLVE_MODE.DONTWAKE : 0) | (wake.writeProtect === true ? UFFD_RESOLVE_MODE.WP : 0)
  )
}
