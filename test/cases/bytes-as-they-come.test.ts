// Bytes that come in another shape than expected are taken whole, or refused.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { openDevice } from 'vmarea'
import { packFile } from 'vmarea/devices/blocks'
import { temporaryFolder } from '../support/temporary-folder.js'

const chunks = {
  'a Uint16Array': new Uint16Array([1, 2, 258]),
  'a Float64Array': new Float64Array([1.5, -2]),
  'a DataView': new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
  'an ArrayBuffer': new Uint8Array([1, 2, 3]).buffer,
  'a SharedArrayBuffer': new SharedArrayBuffer(3),
}

async function* around(chunk: unknown): AsyncGenerator<Uint8Array> {
  yield Buffer.from('begin ')
  yield chunk as Uint8Array
  yield Buffer.from(' end')
}

// The case chunks-of-any-view.
for (const [name, chunk] of Object.entries(chunks)) {
  test(`${name} as a chunk is packed whole`, async () => {
    const packed = join(temporaryFolder, 'packed')
    await packFile(around(chunk), packed, { force: true })
    const bytes = ArrayBuffer.isView(chunk)
      ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      : new Uint8Array(chunk)
    assert.deepEqual(
      gunzipSync(fs.readFileSync(packed)),
      Buffer.concat([Buffer.from('begin '), bytes, Buffer.from(' end')]),
    )
  })
}

for (const [name, chunk] of [
  ['a string', 'h\u00e9'],
  ['a number', 7],
  ['null', null],
] as const) {
  test(`${name} as a chunk is refused`, async () => {
    await assert.rejects(packFile(around(chunk), join(temporaryFolder, 'refused')), {
      code: 'ERR_VMAREA_INVALID_ARGUMENT',
    })
    assert.ok(!fs.existsSync(join(temporaryFolder, 'refused')))
  })
}

// The case redirect-in-utf8.
test('a redirect whose letters are UTF-8 is followed to where fetch follows it', async () => {
  const body = Buffer.alloc(8192, 7)
  const asked: string[] = []
  const server = http.createServer((request, response) => {
    if (request.url === '/start') {
      response.writeHead(302, { location: Buffer.from('/caf\u00e9/\u4e16?\u00fc').toString('latin1') })
      response.end()
      return
    }
    asked.push(request.url!)
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    if (range === null) return void response.end(body)
    const [first, end] = [Number(range[1]), Math.min(Number(range[2]), body.length - 1)]
    response.writeHead(206, { 'content-range': `bytes ${first}-${end}/${body.length}`, etag: '"1"' })
    response.end(body.subarray(first, end + 1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/start`
  await (await fetch(url)).arrayBuffer()
  const followed = asked.pop()
  const device = await openDevice(new URL(import.meta.resolve('vmarea/devices/http')), { driver: { url } })
  await device.close()
  server.closeAllConnections()
  server.close()
  assert.equal(asked[0], followed)
})
