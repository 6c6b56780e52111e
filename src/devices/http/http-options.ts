/** What the program gives to the device `http` as `driver`. It crosses to another thread, so that it is plain data. */
export interface HttpOptions {
  /** `http:` or `https:`. Redirects are followed when the device is opened, and where they led is remembered. */
  readonly url: string
  /** Sent with each request to the origin of `url`, and to no other origin that a redirect may lead to: `{ authorization: '…' }`. */
  readonly headers?: Readonly<Record<string, string>>
  /** How many connections are open at once, at most. 16 where it is not given. */
  readonly connections?: number
  /** The entity tag that the object must have, with its quotes: with another one the device is not opened (`ESTALE`). */
  readonly etag?: string
  /**
   * How two versions of the object are distinguished. `'strong'`, the default, requires a strong entity tag, or a `Last-Modified` at least a
   * second old; a server that gives neither is refused. `'weak'` is content with a weak tag or a younger date, `'none'` with nothing: then
   * only a change of the size is seen.
   */
  readonly consistency?: 'strong' | 'weak' | 'none'
  /**
   * How many bytes behind the end of a sequential read are asked for in the same request, at most: no more than were read before it in
   * sequence, and not taken off the connection before they are wanted. 0 asks for nothing but what was faulted. 256 MiB where it is not
   * given.
   */
  readonly readAhead?: number
  /** How long a connection may bring nothing, in milliseconds, before the request is repeated. @defaultValue 15 000 */
  readonly stall?: number
  /** How many times in a row a request that brought nothing is repeated; at most 3 while opening. @defaultValue 8 */
  readonly retries?: number
}
