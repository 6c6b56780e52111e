import { UsageError } from '../vocabulary/usage-error.js'

/** The error of a store that was asked for a page that it does not have. */
export function noSuchPage(page: number): UsageError {
  return new UsageError(
    'ERR_VMAREA_NO_SUCH_PAGE',
    `the store has no page ${page}: it was never written, was freed, or was lost`,
  )
}
