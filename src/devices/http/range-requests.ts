import * as http from 'node:http'
import * as https from 'node:https'
import type { CheckedHttpOptions } from './checked-http-options.js'
import { discard } from './discard.js'
import { httpError } from './http-error.js'
import { networkError } from './network-error.js'
import { statusError } from './status-error.js'
import { TransientError } from './transient-error.js'

const MOST_REDIRECTS = 10
const REDIRECTS = new Set([301, 302, 303, 307, 308])
/** The statuses of an expired redirect target, such as a signed URL. */
const NO_LONGER = new Set([401, 403, 404, 410])
/** The statuses about the object itself: a part of it, all of it, another version than requested, a range outside of it. */
const ABOUT_THE_OBJECT = new Set([200, 206, 412, 416])

/** Requests ranges of one URL over persistent connections. */
export class RangeRequests {
  readonly #options: CheckedHttpOptions
  readonly #agents: { readonly 'http:': http.Agent; readonly 'https:': https.Agent }
  /** The target of redirects. */
  #target: URL

  constructor(options: CheckedHttpOptions) {
    this.#options = options
    this.#target = options.url
    const agentOptions = { keepAlive: true, maxSockets: options.connections }
    this.#agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) }
  }

  /** The URL from which the object is read now. */
  get url(): URL {
    return this.#target
  }

  /**
   * Requests the bytes of half-open ranges. Resolves with an answer about the object before its body is read: 200, 206, 412 or 416. Rejects
   * with a `TransientError` or a `VmError`.
   */
  async ask(
    ranges: readonly { readonly first: number; readonly end: number }[],
    conditions: Record<string, string>,
    signal: AbortSignal,
  ): Promise<http.IncomingMessage> {
    const range = `bytes=${ranges.map(({ first, end }) => `${first}-${end - 1}`).join(',')}`
    const headers = { range, 'accept-encoding': 'identity', ...conditions }
    let redirects = 0
    let asksAnew = false
    for (;;) {
      const url = this.#target
      const response = await this.#send(url, headers, signal)
      const status = response.statusCode!
      if (ABOUT_THE_OBJECT.has(status)) return response
      discard(response)
      if (REDIRECTS.has(status) && response.headers.location !== undefined) {
        redirects += 1
        if (redirects > MOST_REDIRECTS)
          throw httpError('ELOOP', this.#options.url, `more than ${MOST_REDIRECTS} redirects`)
        this.#target = follow(url, response.headers.location)
      } else if (NO_LONGER.has(status) && url.href !== this.#options.url.href && !asksAnew) {
        asksAnew = true
        this.#target = this.#options.url
      } else {
        throw statusError(url, response)
      }
    }
  }

  close(): void {
    this.#agents['http:'].destroy()
    this.#agents['https:'].destroy()
  }

  #send(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<http.IncomingMessage> {
    const own = url.origin === this.#options.url.origin ? this.#options.headers : {}
    const protocol = url.protocol as 'http:' | 'https:'
    const { request: makeRequest } = protocol === 'http:' ? http : https
    return new Promise((resolve, reject) => {
      const request = makeRequest(url, { agent: this.#agents[protocol], headers: { ...own, ...headers }, signal })
      let answer: http.IncomingMessage | undefined
      request.on('response', (response) => {
        answer = response
        // If the connection is lost before the caller listens, the answer is destroyed.
        response.on('error', () => {})
        resolve(response)
      })
      const { stall } = this.#options
      request.setTimeout(stall, () => {
        const error = new TransientError(httpError('ETIMEDOUT', url, `nothing came for ${stall} ms`))
        const unfinished = answer ?? request
        unfinished.destroy(error)
      })
      // After the promise has resolved, the answer itself reports errors.
      request.on('error', (error) => {
        reject(error instanceof TransientError ? error : networkError(url, error, request.reusedSocket))
      })
      request.end()
    })
  }
}

function follow(from: URL, header: string): URL {
  // Node decodes headers as Latin-1. Servers send UTF-8, which fetch() expects.
  const location = Buffer.from(header, 'latin1').toString('utf8')
  if (!URL.canParse(location, from.href)) throw httpError('EIO', from, 'the server redirects to what is no URL')
  const to = new URL(location, from)
  if (to.protocol !== 'https:' && (to.protocol !== 'http:' || from.protocol === 'https:')) {
    throw httpError(
      'EACCES',
      from,
      `the server redirects from ${from.protocol} to ${to.protocol}, which is not followed`,
    )
  }
  return to
}
