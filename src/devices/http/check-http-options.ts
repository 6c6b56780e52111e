import { validateHeaderName, validateHeaderValue } from 'node:http'
import { checkOptions } from '../../vocabulary/options/check-options.js'
import { hideCredentials } from '../../vocabulary/options/hide-credentials.js'
import { showValue } from '../../vocabulary/options/show-value.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { CheckedHttpOptions } from './checked-http-options.js'
import { httpOptionRules } from './http-option-rules.js'
import type { HttpOptions } from './http-options.js'

const MEBIBYTE = 2 ** 20
/** The headers that the device itself sets in each request. */
const OWN_HEADERS =
  /^(range|if-.*|accept-encoding|connection|content-length|transfer-encoding|upgrade|expect|te|trailer)$/i

/** The options with their defaults. Throws `ERR_VMAREA_INVALID_ARGUMENT`. */
export function checkHttpOptions(given: HttpOptions, call: string): CheckedHttpOptions {
  const options = checkOptions(call, given, httpOptionRules, ['url'])
  const {
    connections = 16,
    etag,
    consistency = 'strong',
    readAhead = 256 * MEBIBYTE,
    stall = 15_000,
    retries = 8,
  } = options
  const url = checkUrl(options.url, call)
  const headers = checkHeaders(options.headers ?? {}, takeCredentials(url), call)
  return { headers, url, connections, etag, consistency, readAhead, stall, retries }
}

function checkUrl(text: string, call: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw wrong(`url of ${call}`, showValue(hideCredentials(text)), 'a URL that begins with http: or https:')
  }
  url.hash = ''
  return url
}

/** Removes the user name and password from the URL, so that no message shows them. Returns the header with the same credentials. */
function takeCredentials(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {}
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

function checkHeaders(
  headers: Readonly<Record<string, string>>,
  first: Record<string, string>,
  call: string,
): Record<string, string> {
  const checked = first
  for (const [name, value] of Object.entries(headers)) {
    if (OWN_HEADERS.test(name)) {
      const rule = 'headers other than those that ask for a range: the device writes these'
      throw wrong(`headers of ${call}`, `with ${showValue(name)}`, rule)
    }
    // Do not show the value: it may be a secret.
    const shown = `of type ${typeof value}`
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value)
    } catch (cause) {
      throw wrong(`headers['${name}'] of ${call}`, shown, 'the name and the text of a header', cause)
    }
    if (typeof value !== 'string') throw wrong(`headers['${name}'] of ${call}`, shown, 'a text')
    checked[name.toLowerCase()] = value
  }
  return checked
}

function wrong(name: string, shown: string, rule: string, cause?: unknown): UsageError {
  const message = `${name} must be ${rule}, and is ${shown}`
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message, cause === undefined ? undefined : { cause })
}
