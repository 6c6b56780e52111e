import { validateHeaderName, validateHeaderValue } from 'node:http'
import { inspect } from 'node:util'
import { VmError } from '../../vocabulary/vm-error.js'
import type { CheckedHttpOptions } from './checked-http-options.js'

const MEBIBYTE = 2 ** 20
/** The longest timer of Node. */
const LONGEST_TIMER = 2 ** 31 - 1
const CONSISTENCIES = ['strong', 'weak', 'none'] as const
const NAMES = ['url', 'headers', 'connections', 'etag', 'consistency', 'readAhead', 'stall', 'retries']
/** The headers that the device itself sets in each request. */
const OWN_HEADERS =
  /^(range|if-.*|accept-encoding|connection|content-length|transfer-encoding|upgrade|expect|te|trailer)$/i

/**
 * Checks the value of `driver`, of any type, and sets defaults. Throws `EINVAL`, because any other error of a setup becomes `EIO`. */
export function checkHttpOptions(options: unknown): CheckedHttpOptions {
  if (typeof options !== 'object' || options === null) throw wrong('driver', options, 'an object with a url')
  const given = options as Record<string, unknown>
  for (const name of Object.keys(given)) {
    if (!NAMES.includes(name)) throw wrong(`driver.${name}`, given[name], `one of ${NAMES.join(', ')}`)
  }
  const url = checkUrl(given.url)
  return {
    headers: checkHeaders(given.headers, takeCredentials(url)),
    url,
    connections: checkNumber('connections', given.connections, 16, 1, 1024),
    etag: checkTag(given.etag),
    consistency: checkConsistency(given.consistency),
    readAhead: checkNumber('readAhead', given.readAhead, 256 * MEBIBYTE, 0, Number.MAX_SAFE_INTEGER),
    stall: checkNumber('stall', given.stall, 15_000, 1, LONGEST_TIMER),
    retries: checkNumber('retries', given.retries, 8, 0, Number.MAX_SAFE_INTEGER),
  }
}

function checkUrl(url: unknown): URL {
  if (typeof url !== 'string' || !URL.canParse(url)) throw wrong('driver.url', url, 'a URL as a string')
  const parsed = new URL(url)
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw wrong('driver.url', `${parsed.protocol}…`, 'a URL that begins with http: or https:')
  }
  parsed.hash = ''
  return parsed
}

/** Removes the user name and password from the URL, so that no message shows them. Returns the header with the same credentials. */
function takeCredentials(url: URL): Record<string, string> {
  if (url.username === '' && url.password === '') return {}
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  url.username = ''
  url.password = ''
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

function checkHeaders(headers: unknown, first: Record<string, string>): Record<string, string> {
  if (headers === undefined) return first
  if (typeof headers !== 'object' || headers === null) throw wrong('driver.headers', headers, 'an object of strings')
  const checked = first
  for (const [name, value] of Object.entries(headers)) {
    if (OWN_HEADERS.test(name)) {
      throw wrong('driver.headers', name, 'headers other than those that ask for a range: the device writes these')
    }
    try {
      validateHeaderName(name)
      validateHeaderValue(name, value as string)
    } catch (error) {
      // Do not show the value: it may be a secret.
      throw wrong(`driver.headers['${name}']`, typeof value, 'the name and the text of a header', error)
    }
    if (typeof value !== 'string') throw wrong(`driver.headers['${name}']`, typeof value, 'a string')
    checked[name.toLowerCase()] = value
  }
  return checked
}

function checkTag(etag: unknown): string | undefined {
  if (etag === undefined || (typeof etag === 'string' && etag !== '')) return etag
  throw wrong('driver.etag', etag, 'an entity tag as the server writes it, with its quotes')
}

function checkConsistency(consistency: unknown): CheckedHttpOptions['consistency'] {
  if (consistency === undefined) return 'strong'
  const known = CONSISTENCIES.find((name) => name === consistency)
  if (known === undefined) throw wrong('driver.consistency', consistency, CONSISTENCIES.join(', '))
  return known
}

function checkNumber(name: string, value: unknown, preset: number, least: number, most: number): number {
  if (value === undefined) return preset
  if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) return value as number
  throw wrong(`driver.${name}`, value, `an integer from ${least} to ${most}`)
}

function wrong(name: string, value: unknown, right: string, cause?: unknown): VmError {
  const hint = `${name} is ${inspect(value)}; it must be ${right}`
  return new VmError('EINVAL', 'open', { hint, ...(cause === undefined ? {} : { cause }) })
}
