// A server of one file, by ranges, on a thread of its own: the thread that reads the memory waits in the access.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'

const { file, sent } = workerData as { file: string; sent: BigInt64Array }
const descriptor = openSync(file, 'r')
const { size } = fstatSync(descriptor)

const server = createServer((request, response) => {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const start = from === undefined ? 0 : Number(from)
  const end = to === undefined ? size : Math.min(size, Number(to) + 1)
  const headers = { 'accept-ranges': 'bytes', etag: '"the-file"', 'content-length': end - start }
  if (from === undefined) response.writeHead(200, headers)
  else response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end - 1}/${size}` })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const bytes = Buffer.alloc(end - start)
  readSync(descriptor, bytes, 0, bytes.length, start)
  Atomics.add(sent, 0, BigInt(bytes.length))
  response.end(bytes)
})

server.listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port))
parentPort?.once('message', () => {
  server.closeAllConnections()
  server.close()
  closeSync(descriptor)
  parentPort?.close()
})
