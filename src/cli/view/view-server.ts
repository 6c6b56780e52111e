import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ViewBoot } from '../../view/data/view-boot.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'
import { Gate } from './gate.js'
import type { KernelRuns } from './kernel/kernel-runs.js'
import type { LiveView } from './live-view.js'
import { type PageAssets, SERVED_PAGE, SERVED_POLICY } from './page-assets.js'

/** What a request for bytes gives at most. */
const MOST_BYTES = 65_536
/** The longest program, in bytes. */
const MOST_TEXT = 100_000

/** What a server shows. */
export interface Shown {
  readonly boot: ViewBoot
  readonly live: LiveView | undefined
  /** Where programs of the playground run on the running kernel. */
  readonly kernel: KernelRuns | undefined
}

/** Serves the page on this machine's own network alone. */
export class ViewServer {
  readonly #server: Server
  readonly #gate: Gate
  readonly #shown: Shown
  readonly #assets: PageAssets
  readonly port: number

  private constructor(server: Server, shown: Shown, assets: PageAssets) {
    this.#server = server
    this.#shown = shown
    this.#assets = assets
    this.port = (server.address() as AddressInfo).port
    this.#gate = new Gate(this.port)
  }

  /** Listens on a port of 127.0.0.1; 0 is any free one. */
  static async listen(port: number, shown: Shown, assets: PageAssets): Promise<ViewServer> {
    const server = createServer({ maxHeaderSize: 16_384, requestTimeout: 30_000 })
    await new Promise<void>((listening, failed) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        failed(
          error.code === 'EADDRINUSE'
            ? new CommandError(
                `port ${port} is in use: --port takes another, and without it a free one is taken`,
                EXIT.FAILED,
              )
            : error,
        ),
      )
      server.listen({ port, host: '127.0.0.1', exclusive: true }, listening)
    })
    const view = new ViewServer(server, shown, assets)
    server.on('request', (request, response) => {
      view.#answer(request, response).catch((error: unknown) => refuse(response, 500, (error as Error).message))
    })
    return view
  }

  /** A new address, which opens the page in one browser. */
  invite(): string {
    return `http://127.0.0.1:${this.port}/?token=${this.#gate.invite()}`
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('content-security-policy', SERVED_POLICY)
    response.setHeader('x-content-type-options', 'nosniff')
    response.setHeader('referrer-policy', 'no-referrer')
    response.setHeader('cross-origin-opener-policy', 'same-origin')
    response.setHeader('cross-origin-resource-policy', 'same-origin')
    response.setHeader('cache-control', 'no-store')
    const { method = 'GET', url: target = '/' } = request
    const url = target.startsWith('/') ? parsed(`http://localhost${target}`) : undefined
    if (url === undefined) return refuse(response, 400, 'the request names no path of this server')
    const admission = this.#gate.admit(method, url, request.headers)
    if (admission.kind === 'refused') return refuse(response, admission.status, admission.reason)
    if (admission.kind === 'exchanged') {
      // A page that goes on by itself and not a redirect: the cookie is then sent by this server's own page, wherever the link stood.
      response.setHeader('set-cookie', admission.cookie)
      send(response, 'text/html; charset=utf-8', FORWARD)
      return
    }
    const route = ROUTES[`${method} ${url.pathname}`]
    if (route === undefined) return refuse(response, 404, 'there is nothing at this address')
    await route({ shown: this.#shown, assets: this.#assets, invite: () => this.invite(), url, request, response })
  }
}

const FORWARD = '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>vmarea view</title>'

interface Context {
  readonly shown: Shown
  readonly assets: PageAssets
  readonly invite: () => string
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const ROUTES: Readonly<Record<string, (context: Context) => void | Promise<void>>> = {
  'GET /': ({ response }) => send(response, 'text/html; charset=utf-8', SERVED_PAGE),
  'GET /page.js': ({ response, assets }) => send(response, 'text/javascript; charset=utf-8', assets.script),
  'GET /page.css': ({ response, assets }) => send(response, 'text/css; charset=utf-8', assets.style),
  'GET /boot': ({ response, shown }) => sendJson(response, shown.boot),
  'GET /events': ({ response, shown }) => {
    if (shown.live === undefined) refuse(response, 404, 'nothing is watched: a file is shown')
    else shown.live.connect(response)
  },
  'GET /pages': ({ url, response, shown }) => {
    const start = page(url.searchParams.get('start'))
    const end = page(url.searchParams.get('end'))
    if (start === undefined || end === undefined || start >= end) {
      return refuse(response, 400, 'start and end must be numbers of pages, and start the smaller')
    }
    return ofProcess(response, shown, ({ process }) => sendJson(response, process.pages(start, end)))
  },
  'GET /bytes': ({ url, response, shown }) => {
    const start = page(url.searchParams.get('page'))
    const length = Number(url.searchParams.get('length'))
    if (start === undefined || !Number.isInteger(length) || length <= 0 || length > MOST_BYTES) {
      return refuse(response, 400, `page must be the number of a page, and length at most ${MOST_BYTES}`)
    }
    return ofProcess(response, shown, ({ process }) => {
      send(response, 'application/octet-stream', process.bytes(BigInt(start) * BigInt(process.pageSize), length))
    })
  },
  'POST /kernel': async ({ request, response, shown }) => {
    if (shown.kernel === undefined)
      return refuse(response, 404, 'vmarea view --model runs programs on the running kernel')
    const parts: Buffer[] = []
    let bytes = 0
    for await (const part of request) {
      parts.push(part as Buffer)
      bytes += (part as Buffer).length
      if (bytes > MOST_TEXT) return refuse(response, 413, `a program has at most ${MOST_TEXT} bytes`)
    }
    sendJson(response, await shown.kernel.run(Buffer.concat(parts).toString()))
  },
  'POST /invite': ({ response, invite }) => sendJson(response, { address: invite() }),
}

/** Answers from a process that may have ended or may not be read. */
function ofProcess(response: ServerResponse, { live }: Shown, answer: (live: LiveView) => void): void {
  if (live === undefined) {
    refuse(response, 404, 'a file is shown: it has no process to ask')
    return
  }
  try {
    answer(live)
  } catch (error) {
    if (!(error instanceof VmError)) throw error
    const status = error.code === 'ESRCH' ? 410 : error.code === 'EFAULT' ? 404 : error.code === 'EIO' ? 404 : 403
    refuse(response, status, error.message)
  }
}

function page(text: string | null): number | undefined {
  const value = text !== null && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  return value <= 2 ** 52 ? value : undefined
}

function parsed(address: string): URL | undefined {
  try {
    return new URL(address)
  } catch {
    return undefined
  }
}

function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 'application/json; charset=utf-8', JSON.stringify(value))
}

function send(response: ServerResponse, type: string, content: string | Uint8Array): void {
  response.writeHead(200, { 'content-type': type }).end(content)
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${reason}\n`)
}
