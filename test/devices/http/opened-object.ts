import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { checkHttpOptions } from '#vmarea/devices/http/check-http-options.js'
import { HttpObject } from '#vmarea/devices/http/http-object.js'
import type { HttpOptions } from '#vmarea/devices/http/http-options.js'
import { type Answer, ObjectServer } from './object-server.js'
import { patterned } from './patterned.js'

export const PAGE = 4096
export const SIZE = 40 * PAGE + 100
export const never = () => new AbortController().signal

export interface Opened extends AsyncDisposable {
  readonly server: ObjectServer
  readonly object: HttpObject
}

export async function opened(
  options: Partial<HttpOptions> = {},
  prepare?: (server: ObjectServer) => void,
): Promise<Opened> {
  const server = await ObjectServer.start(patterned(SIZE))
  prepare?.(server)
  try {
    const object = await HttpObject.open(checkHttpOptions({ url: server.url, ...options }, 'http'), never())
    server.requests.length = 0
    const dispose = async () => {
      object.close()
      await server[Symbol.asyncDispose]()
    }
    return { server, object, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

export async function read(object: HttpObject, offset: number, length: number, signal = never()): Promise<Uint8Array> {
  const bytes = new Uint8Array(length).fill(0xee)
  await object.read(offset, bytes, signal)
  return bytes
}

export const sameBytes = (got: Uint8Array, wanted: Uint8Array) => assert.equal(Buffer.compare(got, wanted), 0)
export const originalBytes = (offset: number, length: number) => patterned(SIZE).subarray(offset, offset + length)

/** Reads two pages, after the server was told to answer so, and wants the object's bytes. */
export async function comesRight({ object }: Opened): Promise<void> {
  sameBytes(await read(object, 8 * PAGE, 2 * PAGE), originalBytes(8 * PAGE, 2 * PAGE))
}

/** Ends the connection under a request. */
export const reset: Answer = (request) => request.socket.resetAndDestroy()
export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(code, headers).end()
export const redirectTo = (location: string, code = 302) => status(code, { location })

/** Sends the head of a whole answer, and so many bytes of it. */
export function beginning(server: ObjectServer, bytes: number, began?: (response: ServerResponse) => void): Answer {
  return (_, response, { first, end }) => {
    const range = `bytes ${first}-${end - 1}/${server.object.length}`
    response.writeHead(206, { etag: server.etag, 'content-range': range, 'content-length': end - first })
    response.write(server.object.subarray(first, first + bytes))
    began?.(response)
  }
}

/** Sends the head, so many bytes, and then closes. */
export function closeAfter(
  server: ObjectServer,
  response: ServerResponse,
  { first, end }: { first: number; end: number },
  bytes: number,
): void {
  response.writeHead(206, {
    etag: server.etag,
    'content-range': `bytes ${first}-${end - 1}/${server.object.length}`,
    'content-length': end - first,
  })
  response.flushHeaders()
  response.write(server.object.subarray(first, first + bytes), () => response.destroy())
}
