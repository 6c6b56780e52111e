import type { IncomingMessage } from 'node:http'
import { BackOff } from './back-off.js'
import type { CheckedHttpOptions } from './checked-http-options.js'
import { discard } from './discard.js'
import { httpError } from './http-error.js'
import { ObjectVersion } from './object-version.js'
import { parseContentRange } from './parse-content-range.js'
import type { RangeRequests } from './range-requests.js'
import { readPartHead } from './read-part-head.js'
import { TransientError } from './transient-error.js'

/** Fewer retries for a server that was never reached than for one that was. */
const MOST_RETRIES = 3

/**
 * Finds the version of the object on the server. It requests the first byte instead of the head, because some servers refuse HEAD or
 * answer it differently, and HEAD does not show that ranges are served.
 */
export async function openObject(
  requests: RangeRequests,
  { retries, consistency, etag }: CheckedHttpOptions,
  signal: AbortSignal,
): Promise<ObjectVersion> {
  const backOff = new BackOff(Math.min(retries, MOST_RETRIES))
  const version = await versionOf(requests, backOff, signal)
  const url = requests.url
  if (etag !== undefined && version.etag !== etag) {
    throw httpError('ESTALE', url, `the object with ETag ${etag} was wanted, and the server has ${version}`)
  }
  if (version.size > 0 && !isEnough(version, consistency)) {
    const hint = `the server marks the object's versions with ${version}, by which two of them can't be told apart for certain`
    throw httpError('EOPNOTSUPP', url, `${hint}; consistency: '${version.strength}' is content with that`)
  }
  return version
}

async function versionOf(requests: RangeRequests, backOff: BackOff, signal: AbortSignal): Promise<ObjectVersion> {
  for (;;) {
    try {
      const response = await requests.ask([{ first: 0, end: 1 }], {}, signal)
      discard(response)
      return isEmpty(response) ? new ObjectVersion(response.headers, 0) : readPartHead(requests.url, response).version
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof TransientError)) throw error
      await backOff.wait(error, signal)
    }
  }
}

/** An empty object has no first byte. */
function isEmpty({ statusCode, headers }: IncomingMessage): boolean {
  if (statusCode === 416) return parseContentRange(headers['content-range'])?.total === 0
  return statusCode === 200 && headers['content-length'] === '0'
}

function isEnough({ strength }: ObjectVersion, consistency: CheckedHttpOptions['consistency']): boolean {
  return consistency === 'none' || strength === 'strong' || strength === consistency
}
