import { Worker } from 'node:worker_threads'

const program = `
  const { createServer } = require('node:http')
  const { readFileSync } = require('node:fs')
  const { parentPort, workerData } = require('node:worker_threads')
  const bytes = readFileSync(workerData.path)
  const manyRanges = (head, ranges, response) => {
    const parts = ranges.flatMap((range, index) => {
      const [first, last] = range.split('-').map(Number)
      const begin = (index === 0 ? '' : '\\r\\n') + '--next\\r\\ncontent-range: bytes ' + range + '/' + bytes.length + '\\r\\n\\r\\n'
      return [Buffer.from(begin), bytes.subarray(first, last + 1)]
    })
    parts.push(Buffer.from('\\r\\n--next--\\r\\n'))
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    response.writeHead(206, { ...head, 'content-type': 'multipart/byteranges; boundary=next', 'content-length': length })
    response.end(Buffer.concat(parts))
  }
  const server = createServer((request, response) => {
    const head = { etag: '"1"', 'accept-ranges': 'bytes' }
    const ranges = /^bytes=(.*,.*)$/.exec(request.headers.range ?? '')?.[1].split(',')
    if (ranges !== undefined && workerData.manyRanges) return manyRanges(head, ranges, response)
    const range = /bytes=(\\d+)-(\\d+)/.exec(request.headers.range ?? '')
    if (range === null) {
      response.writeHead(200, { ...head, 'content-length': bytes.length })
      return response.end(request.method === 'HEAD' ? undefined : bytes)
    }
    const part = bytes.subarray(Number(range[1]), Number(range[2]) + 1)
    const last = Number(range[1]) + part.length - 1
    response.writeHead(206, { ...head, 'content-range': 'bytes ' + range[1] + '-' + last + '/' + bytes.length, 'content-length': part.length })
    response.end(part)
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`

/** Serves a file over http on loopback, from a thread of its own. `manyRanges`: also several ranges of it at once, as nginx and Apache do. */
export async function serveFile(path, { manyRanges = true } = {}) {
  const worker = new Worker(program, { eval: true, execArgv: [], workerData: { path, manyRanges } })
  const port = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  return { url: `http://127.0.0.1:${port}/memory`, close: () => worker.terminate() }
}
