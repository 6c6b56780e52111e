import { UsageError } from '../vocabulary/usage-error.js'

/** The error of a store that was used after it was closed. */
export function storeClosed(): UsageError {
  return new UsageError('ERR_VMAREA_STORE_CLOSED', 'the page store is closed: open it again')
}
