import type { ErrnoName } from '../../vocabulary/errno.js'
import { VmError } from '../../vocabulary/vm-error.js'

/** What went wrong with a request, as the error of a system call. What a URL may hold in secret, its query, stays out of the message. */
export function httpError(code: ErrnoName, url: URL, hint: string, cause?: unknown): VmError {
  const path = `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`
  return new VmError(code, 'GET', { path, hint, ...(cause === undefined ? {} : { cause }) })
}
