import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'
import type { GuestMetrics } from './guest-metrics.js'

/** Answers GET /metrics on loopback. */
export async function listenForMetrics(metrics: GuestMetrics, port: number): Promise<{ url: string; close(): void }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0]
    if (path !== '/metrics') return response.writeHead(404).end()
    if (request.method !== 'GET' && request.method !== 'HEAD') return response.writeHead(405, { allow: 'GET' }).end()
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    return response.end(request.method === 'HEAD' ? undefined : metrics.text())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new CommandError(`--metrics ${port}: port ${port} of 127.0.0.1 is not available (${error.code})`, EXIT.FAILED),
      )
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { url, close }
}
