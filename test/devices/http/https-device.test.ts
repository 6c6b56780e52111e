import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { eachSource } from '../../pager/support/each-source.js'
import * as vmarea from '../../published/index.js'
import { survives } from '../../support/run-in-child.js'
import { temporaryFolder } from '../../support/temporary-folder.js'

const [key, certificate] = [join(temporaryFolder, 'key.pem'), join(temporaryFolder, 'certificate.pem')]

/** Makes a certificate for loopback that nobody has signed. Returns why it can't be made, or `false`. */
function makeCertificate(): string | false {
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const { status, error } = spawnSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', certificate])
  if (error !== undefined) return 'there is no openssl, to make a certificate with'
  return status !== 0 && 'this openssl makes no such certificate'
}

const noCertificate = makeCertificate()

const scenario = `
import { createServer } from 'node:https'
const [source, key, certificate, trusted] = args
const object = new Uint8Array(20 * page + 7).map((_, at) => (at * 2654435761) >>> 13)
let connections = 0
const server = createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }, (request, response) => {
  const [first, last] = /bytes=(\\d+)-(\\d+)/.exec(request.headers.range).slice(1).map(Number)
  const end = Math.min(last + 1, object.length)
  response.writeHead(206, {
    etag: '"one"',
    'content-range': 'bytes ' + first + '-' + (end - 1) + '/' + object.length,
    'content-length': end - first,
  })
  response.end(object.subarray(first, end))
})
server.on('secureConnection', () => connections++)
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const driver = { url: 'https://127.0.0.1:' + server.address().port + '/object' }
const opening = vmarea.openDevice(library + 'devices/http.js', { source, driver, run: page })
if (trusted !== 'trusted') {
  await assert.rejects(opening, (error) => {
    for (let cause = error; cause !== undefined; cause = cause.cause) {
      if (cause.code === 'DEPTH_ZERO_SELF_SIGNED_CERT') return true
    }
    throw error
  })
} else {
  const device = await opening
  const memory = device.map()
  for (let count = 0; count < 20; count++) {
    const number = (count * 7) % 20
    const bytes = await memory.readAsync(number * page, new Uint8Array(page))
    assert.equal(Buffer.compare(bytes, object.subarray(number * page, (number + 1) * page)), 0)
  }
  assert.equal((await memory.readAsync(20 * page + 6, new Uint8Array(1)))[0], object[20 * page + 6])
  assert.ok(connections < 10, connections + ' connections')
  await device.close()
  memory.unmap()
}
server.closeAllConnections()
server.close()
`

eachSource(vmarea, ({ source, skip }) => {
  for (const trusted of ['trusted', 'unknown'] as const) {
    const what = trusted === 'trusted' ? 'is read through connections that are kept' : 'is refused, with the reason'
    test(`an object on an https server whose certificate is ${trusted} ${what}`, {
      skip: noCertificate || skip,
    }, async () => {
      const through = trusted === 'trusted' ? ['env', `NODE_EXTRA_CA_CERTS=${certificate}`] : []
      assert.equal(await survives(scenario, { args: [source, key, certificate, trusted], through }), '')
    })
  }
})
