/** The options of the device `http`, which `openDevice` takes as `driver`. They are plain data, because they are sent to another thread. */
export interface HttpOptions {
  /** `http:` or `https:`. Redirects are followed when the device is opened, and where they led is remembered. */
  readonly url: string
  /** Sent with each request to the origin of `url`, and to no other origin that a redirect may lead to: `{ authorization: '…' }`. */
  readonly headers?: Readonly<Record<string, string>>
  /** The most connections that are open at once. Default: 16. */
  readonly connections?: number
  /** The entity tag that the object must have, with its quotes: with another one the device is not opened (`ESTALE`). */
  readonly etag?: string
  /**
   * How two versions of the object are distinguished. `'strong'`, the default, requires a strong entity tag, or a `Last-Modified` at least
   * a second old; a server that gives neither is refused. `'weak'` accepts a weak tag or a younger date, `'none'` requires neither: then
   * only a change of the size is noticed.
   */
  readonly consistency?: 'strong' | 'weak' | 'none'
  /**
   * The most bytes after the end of a sequential read that are requested with it: no more than were read in sequence before it, and not
   * read from the connection before they are used. 0 requests only what was faulted. Default: 256 MiB.
   */
  readonly readAhead?: number
  /** How long a connection may deliver no byte, in milliseconds, before the request is repeated. @defaultValue 15 000 */
  readonly stall?: number
  /** How many times in a row a request that delivered no byte is repeated; at most 3 while opening. @defaultValue 8 */
  readonly retries?: number
}
