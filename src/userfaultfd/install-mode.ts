import { checkOptions, type OptionRules } from '../vocabulary/options/check-options.js'
import { UFFD_RESOLVE_MODE } from '../vocabulary/uffd-resolve-mode.js'

/** How a page is installed. */
export interface InstallOptions {
  /** Wakes the threads that wait for the page. @defaultValue true */
  readonly wake?: boolean
  /** The page is write-protected from the start, with no moment in between. Requires a range that is registered for `wp`. */
  readonly writeProtect?: boolean
}

const rules: OptionRules<InstallOptions> = { wake: 'boolean', writeProtect: 'boolean' }
const moveRules = { wake: 'boolean', allowSourceHoles: 'boolean' } as const

/** The mode bits of `UFFDIO_COPY` and `UFFDIO_CONTINUE`, whose values are equal. `call` is shown in messages. */
export function installMode(given: boolean | InstallOptions, call: string): number {
  const { wake, writeProtect } = typeof given === 'boolean' ? { wake: given } : checkOptions(call, given, rules)
  return (wake === false ? UFFD_RESOLVE_MODE.DONTWAKE : 0) | (writeProtect === true ? UFFD_RESOLVE_MODE.WP : 0)
}

/** The mode bits of `UFFDIO_MOVE`. */
export function moveMode(options: { readonly wake?: boolean; readonly allowSourceHoles?: boolean }): number {
  const { wake, allowSourceHoles } = checkOptions('move()', options, moveRules)
  return (
    (wake === false ? UFFD_RESOLVE_MODE.DONTWAKE : 0) |
    (allowSourceHoles === true ? UFFD_RESOLVE_MODE.ALLOW_SRC_HOLES : 0)
  )
}
