import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** What becomes of a request. */
export type Admission =
  /** It has the cookie. */
  | { readonly kind: 'admitted' }
  /** Its token was good and is now used up: answer with this cookie. */
  | { readonly kind: 'exchanged'; readonly cookie: string }
  | { readonly kind: 'refused'; readonly status: 400 | 401 | 403 | 421; readonly reason: string }

/**
 * Who may ask. A token in an address opens the door once and is exchanged for a cookie that only this server's pages send; every
 * request must name this server as its host, so that no other name that is made to resolve to it (DNS rebinding) reaches it, and one
 * that comes from a page must come from this server's own.
 */
export class Gate {
  readonly #hosts: ReadonlySet<string>
  readonly #origins: ReadonlySet<string>
  readonly #cookieName: string
  /** Digests, so that the time of a comparison says nothing about a secret. */
  readonly #tokens: Buffer[] = []
  readonly #cookies: Buffer[] = []

  constructor(port: number) {
    const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
    this.#hosts = new Set(hosts)
    this.#origins = new Set(hosts.map((host) => `http://${host}`))
    // Cookies of one host are shared by all its ports.
    this.#cookieName = `vmarea-${port}`
  }

  /** A new token: 256 bits, good for one browser. */
  invite(): string {
    const token = randomBytes(32).toString('base64url')
    this.#tokens.push(digest(token))
    return token
  }

  admit(method: string, url: URL, headers: IncomingHttpHeaders): Admission {
    const { host, origin, cookie = '' } = headers
    if (host === undefined || !this.#hosts.has(host)) {
      return { kind: 'refused', status: 421, reason: 'this server answers only under its own address' }
    }
    if (origin !== undefined && !this.#origins.has(origin)) {
      return { kind: 'refused', status: 403, reason: 'the request comes from a page of another origin' }
    }
    const site = headers['sec-fetch-site']
    const token = url.searchParams.get('token')
    const isExchange = method === 'GET' && url.pathname === '/' && token !== null
    if (!isExchange && site !== undefined && site !== 'same-origin' && site !== 'none') {
      return { kind: 'refused', status: 403, reason: 'the request comes from a page of another site' }
    }
    if (method !== 'GET' && origin === undefined) {
      return { kind: 'refused', status: 403, reason: 'a request that changes something must name its origin' }
    }
    if (isExchange && takeFrom(this.#tokens, token)) {
      const secret = randomBytes(32).toString('base64url')
      this.#cookies.push(digest(secret))
      return { kind: 'exchanged', cookie: `${this.#cookieName}=${secret}; Path=/; HttpOnly; SameSite=Strict` }
    }
    for (const part of cookie.split(';')) {
      const [name, value] = part.trim().split('=', 2)
      if (name === this.#cookieName && value !== undefined && isIn(this.#cookies, value)) return { kind: 'admitted' }
    }
    return {
      kind: 'refused',
      status: 401,
      reason: isExchange
        ? 'this address was used already, and it opens one browser. In the page that is open, "Another browser" gives a new address; or run the command again'
        : 'this page is opened with the address that vmarea view printed',
    }
  }
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

function isIn(digests: readonly Buffer[], secret: string): boolean {
  const wanted = digest(secret)
  return digests.some((one) => timingSafeEqual(one, wanted))
}

function takeFrom(digests: Buffer[], secret: string): boolean {
  const wanted = digest(secret)
  const at = digests.findIndex((one) => timingSafeEqual(one, wanted))
  if (at >= 0) digests.splice(at, 1)
  return at >= 0
}
