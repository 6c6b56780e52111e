// A 2 GiB archive on a web server, read by a synchronous parser that knows nothing of the web: only what it touches is fetched.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { openDevice } from 'vmarea'

const ENTRY = 64 * 2 ** 20
const ENTRIES = 32

/** Lists a tar archive: synchronous code over plain bytes. */
function listTar(bytes) {
  const entries = []
  const text = (from, to) => String.fromCharCode(...bytes.subarray(from, to)).replace(/\0.*$/s, '')
  for (let at = 0; at < bytes.length; ) {
    const size = Number.parseInt(text(at + 124, at + 136), 8)
    entries.push({ name: text(at, at + 100), offset: at + 512, size })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return entries
}

async function main() {
  // The server has a thread of its own, because this one waits while it touches memory.
  const server = new Worker(new URL(import.meta.url))
  const [url] = await once(server, 'message')

  const device = await openDevice(import.meta.resolve('vmarea/devices/http'), { driver: { url } })
  const archive = device.map()
  const entries = listTar(archive.bytes)
  const { name, offset, size } = entries[20]
  console.log(entries.length, name, archive.bytes[offset + size - 1]) // 32 part-20 20

  const fetched = device.statistics.bytesFilled
  console.log(`${fetched} of ${archive.size} bytes were fetched`)
  console.log(fetched < archive.size / 1000) // true

  archive.unmap()
  await device.close()
  await server.terminate()
}

/** Serves ranges of an archive that is nowhere: its bytes are made as they are asked for. */
function serve() {
  const size = ENTRY * ENTRIES
  const server = createServer((request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range).map(Number)
    response.writeHead(206, { etag: '"archive"', 'content-range': `bytes ${first}-${last}/${size}` })
    response.end(bytesOf(first, last + 1))
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(`http://127.0.0.1:${server.address().port}/archive.tar`))
}

function bytesOf(first, end) {
  const bytes = Buffer.alloc(end - first)
  for (let entry = Math.floor(first / ENTRY); entry * ENTRY < end; entry += 1) {
    const start = entry * ENTRY - first
    bytes.fill(entry, Math.max(start, 0), Math.min(start + ENTRY, bytes.length))
    const head = Buffer.alloc(512)
    head.write(`part-${entry}`)
    head.write((ENTRY - 512).toString(8).padStart(11, '0'), 124)
    for (const [index, byte] of head.entries()) bytes[start + index] = byte
  }
  return bytes
}

if (isMainThread) await main()
else serve()
