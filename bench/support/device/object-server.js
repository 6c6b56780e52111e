// A server of an object whose bytes are computed when they are sent: a process of its own, which reports its port and the bytes sent.
import { createServer } from 'node:http'

const size = Number(process.argv[2])
const piece = Buffer.alloc(2 ** 20, 7)
let sent = 0

const server = createServer((request, response) => {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const start = from === undefined ? 0 : Number(from)
  const end = to ? Math.min(size, Number(to) + 1) : size
  const headers = { 'accept-ranges': 'bytes', etag: '"one"', 'content-length': end - start }
  if (from === undefined) response.writeHead(200, headers)
  else response.writeHead(206, { ...headers, 'content-range': `bytes ${start}-${end - 1}/${size}` })
  if (request.method === 'HEAD') response.end()
  else send(response, end - start)
})

function send(response, left) {
  while (left > 0) {
    const length = Math.min(left, piece.length)
    sent += length
    left -= length
    if (!response.write(length === piece.length ? piece : piece.subarray(0, length)) && left > 0) {
      response.once('drain', () => send(response, left))
      return
    }
  }
  response.end()
}

// What reads in turn uses a connection again that was idle for as long as the other took.
server.keepAliveTimeout = 0
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', () => process.send({ sent }))
process.on('disconnect', () => process.exit())
