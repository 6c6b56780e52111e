import type { IncomingMessage } from 'node:http'

/** Reading so many bytes in vain costs less than a new connection. */
const CHEAP = 65_536

/** Reads an answer away where that is cheap, so that its connection can be used again, and closes the connection otherwise. */
export function discard(response: IncomingMessage): void {
  response.on('error', () => {})
  if (Number(response.headers['content-length'] ?? CHEAP + 1) <= CHEAP) response.resume()
  else response.destroy()
}
