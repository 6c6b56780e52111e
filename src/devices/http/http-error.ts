import type { ErrnoName } from '../../vocabulary/errno.js'
import { VmError } from '../../vocabulary/vm-error.js'

/** The error of a request, as that of a system call. The message omits the query of the URL, which may be secret. */
export function httpError(code: ErrnoName, url: URL, hint: string, cause?: unknown): VmError {
  const path = `${url.origin}${url.pathname}${url.search === '' ? '' : '?…'}`
  return new VmError(code, 'GET', { path, hint, ...(cause === undefined ? {} : { cause }) })
}
