// The server of `vmarea view`, by requests that a hostile page, a stranger on this machine or a broken client would send.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { test } from 'node:test'
import { run } from '../cli/run.js'
import { serveView } from './browser.js'
import { startProgram } from './program.js'

const program = await startProgram()
const pid = String(program.pid)

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

function ask(
  address: string,
  {
    path,
    method = 'GET',
    headers = {},
    body,
  }: { path?: string; method?: string; headers?: object; body?: string } = {},
): Promise<Answer> {
  const { port, pathname, search } = new URL(address)
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path: path ?? pathname + search,
        headers: { connection: 'close', ...headers },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }))
        response.on('error', reject)
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** The cookie for a token, as a browser keeps it. */
async function enter(address: string): Promise<string> {
  const { status, headers } = await ask(address)
  assert.equal(status, 200)
  const [cookie] = headers['set-cookie'] as string[]
  assert.match(cookie!, /; Path=\/; HttpOnly; SameSite=Strict$/)
  return cookie!.slice(0, cookie!.indexOf(';'))
}

test('the token of the address has 256 bits, opens one browser, and is refused the second time', async (t) => {
  const { address } = await serveView(t, pid)
  const token = new URL(address).searchParams.get('token')!
  assert.equal(Buffer.from(token, 'base64url').length, 32)
  await enter(address)
  const again = await ask(address)
  assert.equal(again.status, 401)
  assert.match(again.text, /was used already/)
})

test('without the cookie nothing is answered, whatever is asked', async (t) => {
  const { address } = await serveView(t, pid)
  const paths = [
    '/',
    '/page.js',
    '/page.css',
    '/boot',
    '/events',
    '/pages?start=0&end=1',
    '/bytes?page=1&length=1',
    '/x',
  ]
  for (const path of paths) {
    const { status, text } = await ask(address, { path })
    assert.equal(status, 401, path)
    assert.ok(text.length < 400, path)
  }
  for (const cookie of [
    'vmarea=1',
    `vmarea-${new URL(address).port}=`,
    `vmarea-${new URL(address).port}=${'A'.repeat(43)}`,
  ]) {
    assert.equal((await ask(address, { path: '/boot', headers: { cookie } })).status, 401, cookie)
  }
})

test('a request for another host is refused, with the token and the cookie too, so that no rebound name reaches the server', async (t) => {
  const { address } = await serveView(t, pid)
  const { port } = new URL(address)
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    '127.0.0.1',
    `[::1]:${port}`,
    `0.0.0.0:${port}`,
  ]) {
    assert.equal((await ask(address, { headers: { host } })).status, 421, host)
  }
  const cookie = await enter(address)
  assert.equal((await ask(address, { path: '/boot', headers: { cookie } })).status, 200)
  assert.equal((await ask(address, { path: '/boot', headers: { cookie, host: `evil.example:${port}` } })).status, 421)
  assert.equal((await ask(address, { path: '/boot', headers: { cookie, host: `LOCALHOST:${port}` } })).status, 421)
})

test('a request of a page of another origin or site is refused, with the cookie too', async (t) => {
  const { address } = await serveView(t, pid)
  const { port } = new URL(address)
  const cookie = await enter(address)
  for (const origin of ['https://evil.example', 'null', `https://127.0.0.1:${port}`, 'http://127.0.0.1:1', '']) {
    assert.equal((await ask(address, { path: '/boot', headers: { cookie, origin } })).status, 403, origin)
  }
  for (const site of ['cross-site', 'same-site']) {
    const headers = { cookie, 'sec-fetch-site': site }
    assert.equal((await ask(address, { path: '/boot', headers })).status, 403, site)
  }
  const own = { cookie, origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'same-origin' }
  assert.equal((await ask(address, { path: '/boot', headers: own })).status, 200)
})

test('an address for another browser is given to the page itself alone', async (t) => {
  const { address } = await serveView(t, pid)
  const cookie = await enter(address)
  const origin = new URL(address).origin
  assert.equal((await ask(address, { path: '/invite', method: 'POST', headers: { cookie } })).status, 403)
  assert.equal((await ask(address, { path: '/invite', headers: { cookie } })).status, 404)
  const { status, text } = await ask(address, { path: '/invite', method: 'POST', headers: { cookie, origin } })
  assert.equal(status, 200)
  await enter(JSON.parse(text).address)
})

test('a path that is not one of the few is refused, however it is written', async (t) => {
  const { address } = await serveView(t, pid)
  const cookie = await enter(address)
  const { origin } = new URL(address)
  const paths = [
    '/../package.json',
    '/%2e%2e/%2e%2e/etc/passwd',
    '//etc/passwd',
    '/page.js/',
    '/page.js%00',
    '/boot/../../x',
    '/constructor',
    '/__proto__',
  ]
  for (const path of paths) {
    const { status, text } = await ask(address, { path, headers: { cookie } })
    assert.ok(status === 404 || status === 400, `${path}: ${status}`)
    assert.doesNotMatch(text, /root:|"name"/, path)
  }
  assert.equal((await ask(address, { path: `${origin}/boot`, headers: { cookie } })).status, 400)
  for (const method of ['PUT', 'DELETE', 'OPTIONS', 'HEAD', 'POST']) {
    const { status } = await ask(address, { path: '/boot', method, headers: { cookie, origin } })
    assert.equal(status, 404, method)
  }
})

test('numbers of pages and lengths that are none are refused', async (t) => {
  const { address } = await serveView(t, pid)
  const cookie = await enter(address)
  const queries = [
    '/pages',
    '/pages?start=1',
    '/pages?start=2&end=1',
    '/pages?start=-1&end=2',
    '/pages?start=1e3&end=1e4',
    '/pages?start=1&end=99999999999999999',
    '/bytes?page=1&length=65537',
    '/bytes?page=1&length=-1',
    '/bytes?page=1&length=NaN',
    '/bytes?page=0x1&length=1',
  ]
  for (const path of queries) assert.equal((await ask(address, { path, headers: { cookie } })).status, 400, path)
  const unmapped = await ask(address, { path: '/bytes?page=0&length=16', headers: { cookie } })
  assert.ok(unmapped.status === 404 || unmapped.text === '', `${unmapped.status}`)
})

test('every answer forbids what the page does not need, and is kept nowhere', async (t) => {
  const { address } = await serveView(t, pid)
  const cookie = await enter(address)
  for (const path of ['/', '/page.js', '/page.css', '/boot', '/none']) {
    const { headers } = await ask(address, { path, headers: { cookie } })
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /^default-src 'none'; /, path)
    assert.match(policy, /script-src 'self'/)
    assert.match(policy, /require-trusted-types-for 'script'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|https?:|\*/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
})

test('the server listens on loopback alone', async (t) => {
  const { address } = await serveView(t, pid)
  const port = Number(new URL(address).port)
  const others = Object.values(networkInterfaces())
    .flat()
    .filter((one) => one !== undefined && !one.internal && one.family === 'IPv4')
  for (const other of others) {
    await assert.rejects(
      new Promise((resolve, reject) => {
        const socket = connect(port, other!.address, () => resolve(socket.destroy()))
        socket.on('error', reject)
      }),
      other!.address,
    )
  }
})

test('a head that is too large and a malformed request are refused, and the server still serves', async (t) => {
  const { address } = await serveView(t, pid)
  const cookie = await enter(address)
  const large = await ask(address, { path: '/boot', headers: { cookie, x: 'x'.repeat(20_000) } }).catch(
    (error) => error,
  )
  assert.ok(large.status === 431 || large.code === 'ECONNRESET' || large.code === 'EPIPE')
  const port = Number(new URL(address).port)
  const answer = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write('\u0000\u0001garbage\r\n\r\n'))
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })
  assert.match(answer, /^HTTP\/1\.1 400/)
  assert.equal((await ask(address, { path: '/boot', headers: { cookie } })).status, 200)
})

test('a wrong argument is refused with the reason before anything is served', () => {
  const cases: [string[], number, RegExp][] = [
    [['view', pid, '--port', '0'], 2, /--port is a number from 1 to 65535/],
    [['view', pid, '--port', '70000'], 2, /65535/],
    [['view', 'a', 'b', 'c'], 2, /one process, one file, or the difference of two files/],
    [['view', '/no/such/file'], 2, /can't read \/no\/such\/file/],
    [['view', '4194305'], 3, /no such process|4194305/],
    [['view', pid, '--html', '/no/such/folder/x.html'], 1, /can't write/],
  ]
  for (const [args, code, error] of cases) {
    const result = run(...args)
    assert.equal(result.code, code, `${args.join(' ')}: ${result.err}`)
    assert.match(result.err, error)
  }
})
