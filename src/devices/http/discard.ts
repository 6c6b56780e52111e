import type { IncomingMessage } from 'node:http'

/** Reading and discarding up to this many bytes costs less than a new connection. */
const CHEAP = 65_536

/**
 * Reads and discards the rest of an answer where that is cheap, so that its connection can be reused, and closes the connection
 * otherwise.
 */
export function discard(response: IncomingMessage): void {
  response.on('error', () => {})
  if (Number(response.headers['content-length'] ?? CHEAP + 1) <= CHEAP) response.resume()
  else response.destroy()
}
