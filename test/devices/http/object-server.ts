import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** The range that a request asked for: the bytes `[first, end)`. */
export interface AskedRange {
  readonly first: number
  readonly end: number
}

/** Answers one request, in place of the honest answer. */
export type Answer = (request: IncomingMessage, response: ServerResponse, range: AskedRange) => void

/** Answers one request for several ranges. */
export type SeveralAnswer = (request: IncomingMessage, response: ServerResponse, ranges: readonly AskedRange[]) => void

/** What an answer says otherwise than the honest one. */
export interface Otherwise {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | number | undefined>>
  readonly body?: Uint8Array
}

/** What an answer of several parts says otherwise than the honest one. */
export interface PartsOtherwise {
  readonly headers?: Readonly<Record<string, string>>
  readonly begin?: string
}

/** A server on loopback with one object, which serves its ranges, until it is told to do something else. */
export class ObjectServer {
  object: Uint8Array
  etag: string | undefined = '"one"'
  lastModified: string | undefined
  /** Answers for the next requests, one each. */
  readonly next: Answer[] = []
  /** The answer to every request that has none in `next`. */
  always: Answer | undefined
  /** The answer to every request for several ranges. Without one such a request is refused. */
  several: SeveralAnswer | undefined
  /** The ranges of each request for several. */
  readonly severalRequests: (readonly AskedRange[])[] = []
  readonly requests: (AskedRange & { readonly request: IncomingMessage })[] = []
  readonly sockets = new Set<Socket>()
  /** How many connections were ever made. */
  connections = 0
  readonly #server: Server

  private constructor(object: Uint8Array) {
    this.object = object
    this.#server = createServer((request, response) => this.#serve(request, response))
    this.#server.keepAliveTimeout = 60_000
    this.#server.on('connection', (socket: Socket) => {
      this.connections += 1
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  static async start(object: Uint8Array): Promise<ObjectServer> {
    const server = new ObjectServer(object)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/object`
  }

  /** How many bytes of the object were asked for. */
  get bytesAsked(): number {
    return this.requests.reduce((sum, { first, end }) => sum + end - first, 0)
  }

  /** Answers as a sound server does, but for what is given. */
  honest(response: ServerResponse, { first, end }: AskedRange, { status, headers, body }: Otherwise = {}): void {
    const all = {
      etag: this.etag,
      'last-modified': this.lastModified,
      'content-range': `bytes ${first}-${end - 1}/${this.object.length}`,
      'content-length': end - first,
      ...headers,
    }
    response.writeHead(
      status ?? 206,
      Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
    )
    response.end(body ?? this.object.subarray(first, end))
  }

  /** Answers with a part for each range, in this order, as RFC 9110 has it. `begin` is what comes before the first part. */
  parts(response: ServerResponse, ranges: readonly AskedRange[], { headers, begin = '' }: PartsOtherwise = {}): void {
    const parts = ranges.flatMap(({ first, end }) => [
      Buffer.from(
        `\r\n--next\r\nContent-Type: a/b\r\nContent-Range: bytes ${first}-${end - 1}/${this.object.length}\r\n\r\n`,
      ),
      this.object.subarray(first, end),
    ])
    const body = Buffer.concat([Buffer.from(begin), ...parts, Buffer.from('\r\n--next--\r\n')])
    const type = 'multipart/byteranges; boundary=next'
    response.writeHead(206, { etag: this.etag, 'content-type': type, 'content-length': body.length, ...headers })
    response.end(body)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    if (this.several !== undefined && request.headers.range?.includes(',')) {
      const ranges = [...request.headers.range.matchAll(/(\d+)-(\d+)/g)].map(([, first, last]) => ({
        first: Number(first),
        end: Number(last) + 1,
      }))
      this.severalRequests.push(ranges)
      this.several(request, response, ranges)
      return
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (first === undefined || last === undefined) {
      response.writeHead(400).end(`no range: ${request.headers.range}`)
      return
    }
    const range = { first: Number(first), end: Number(last) + 1 }
    this.requests.push({ ...range, request })
    const answer = this.next.shift() ?? this.always
    if (answer !== undefined) answer(request, response, range)
    else if (range.first >= this.object.length) this.#outside(response)
    else this.#conditional(request, response, { ...range, end: Math.min(range.end, this.object.length) })
  }

  #conditional({ headers }: IncomingMessage, response: ServerResponse, range: AskedRange): void {
    const match = headers['if-match']
    const since = headers['if-unmodified-since']
    const isOther = match !== undefined ? match !== this.etag : since !== undefined && since !== this.lastModified
    if (isOther) response.writeHead(412, this.etag === undefined ? {} : { etag: this.etag }).end()
    else this.honest(response, range)
  }

  #outside(response: ServerResponse): void {
    response.writeHead(416, { 'content-range': `bytes */${this.object.length}` }).end()
  }
}
