import { ERRNO, type ErrnoName } from '../../vocabulary/errno.js'
import type { VmError } from '../../vocabulary/vm-error.js'
import { httpError } from './http-error.js'
import { TransientError } from './transient-error.js'

/** The error of a request where the network is down or the server restarts. */
const PASSING =
  /^(ECONNRESET|ECONNREFUSED|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|EAI_AGAIN|ENOTFOUND)$/

/** The error for Node's error of a request without an answer. `reused`: it was sent over a connection that had been idle. */
export function networkError(url: URL, error: unknown, reused: boolean): TransientError | VmError {
  const { code = '', message } = flatten(error)
  const name = (code in ERRNO ? code : code.startsWith('HPE_') ? 'EPROTO' : 'EIO') as ErrnoName
  const wrapped = httpError(name, url, message, error)
  if (!PASSING.test(code)) return wrapped
  // The server may close an idle connection at any time: that does not count as a failure.
  return new TransientError(wrapped, { counts: !(reused && (code === 'ECONNRESET' || code === 'EPIPE')) })
}

/** A name with several addresses fails with one error for each address: take the last one with a text. */
function flatten(error: unknown): { code?: string; message: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return flatten(error.errors.at(-1))
  const { code, message } = error as { code?: unknown; message?: unknown }
  return { ...(typeof code === 'string' ? { code } : {}), message: String(message ?? error) }
}
