import type { IncomingMessage } from 'node:http'
import type { ErrnoName } from '../../vocabulary/errno.js'
import type { VmError } from '../../vocabulary/vm-error.js'
import { httpError } from './http-error.js'
import { TransientError } from './transient-error.js'

const CODES: Readonly<Record<number, ErrnoName>> = {
  401: 'EACCES',
  403: 'EACCES',
  404: 'ENOENT',
  407: 'EACCES',
  410: 'ENOENT',
  429: 'EAGAIN',
  503: 'EAGAIN',
}

/** The error for the status of an answer without a part of the object. */
export function statusError(url: URL, response: IncomingMessage): TransientError | VmError {
  const { statusCode = 0, statusMessage = '' } = response
  const error = httpError(
    CODES[statusCode] ?? 'EIO',
    url,
    `the server answered ${statusCode} ${statusMessage}`.trimEnd(),
  )
  if (statusCode !== 429 && statusCode < 500) return error
  return new TransientError(error, { delay: retryAfter(response.headers['retry-after']) })
}

/** `Retry-After` in milliseconds: the header is in seconds, or a date. */
function retryAfter(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const delay = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(delay) ? undefined : Math.max(delay, 0)
}
