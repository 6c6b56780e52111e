// Processes, browsers and machines that do not do what the view would like.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createServer, request } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { createInterface } from 'node:readline'
import { after, type TestContext, test } from 'node:test'
import { EventStream } from '#vmarea/cli/view/event-stream.js'
import type { LiveMessages } from '#vmarea/view/data/live-message.js'
import { MAIN } from '../cli/run.js'
import { skipUnlessOrdinaryUser } from '../support/ordinary-user.js'
import { until } from '../support/until.js'
import { newPage, openView, serveView, skipWithoutChromium } from './browser.js'
import { startProgram } from './program.js'

const started: ChildProcess[] = []
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** Becomes a user who may look at the memory of every process and read none of it. */
const looker = [
  'setpriv',
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
  '--no-new-privs',
  '--inh-caps=+perfmon',
  '--ambient-caps=+perfmon',
  '--bounding-set=-all,+perfmon',
]

/** Starts a program that becomes another one when it is told to. */
function startShell(): ChildProcess {
  const child = spawn('sh', ['-c', 'read line; exec sleep 1000'], { stdio: ['pipe', 'ignore', 'inherit'] })
  started.push(child)
  return child
}

/** The cookie for an address, and its first answer of each path. */
async function enter(address: string): Promise<{ get: (path: string, method?: string) => Promise<Response> }> {
  const cookie = (await fetch(address)).headers.get('set-cookie')!.split(';')[0]!
  const { origin } = new URL(address)
  return {
    get: (path, method = 'GET') =>
      fetch(new URL(path, address), { method, headers: { cookie, ...(method === 'GET' ? {} : { origin }) } }),
  }
}

/** The events of a view, one after the other. */
async function* eventsOf(response: Response): AsyncGenerator<{ name: string; data: unknown }> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const part of response.body!) {
    text += decoder.decode(part, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, name, data] = /^event: (\w+)\ndata: ([\s\S]*)$/.exec(text.slice(0, end))!
      text = text.slice(end + 2)
      yield { name: name!, data: JSON.parse(data!) }
    }
  }
}

test('a process that runs another program is still watched, and its end is shown', {
  skip: skipWithoutChromium,
}, async (t) => {
  const child = startShell()
  const page = await openView(t, [String(child.pid)])
  await page.locator('.subject b', { hasText: 'sh' }).waitFor()
  child.stdin!.write('go\n')
  await page.locator('.subject b', { hasText: 'sleep' }).waitFor()
  await page
    .locator('.row', { hasText: /\bsleep\b/ })
    .first()
    .waitFor()
  assert.equal(await page.locator('.state.open').count(), 1)
  child.kill('SIGKILL')
  await page.locator('.strip li', { hasText: 'has ended' }).waitFor()
})

test('what may not be read of a process is refused with the right that is missing, and never shown as nothing', {
  skip: skipUnlessOrdinaryUser(),
}, async (t) => {
  const { pid } = await startProgram()
  const [command, ...rest] = looker
  if (spawnSync(command!, [...rest, 'head', '-1', `/proc/${pid}/smaps`]).status !== 0) {
    t.skip('CAP_PERFMON does not let look at another process here')
    return
  }
  const child = spawn(command!, [...rest, process.execPath, MAIN, 'view', String(pid)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  const { value: address } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  const { get } = await enter(address)
  for await (const { name, data } of eventsOf(await get('/events'))) {
    if (name !== 'state') continue
    const { refusals } = data as LiveMessages['state']
    assert.deepEqual(
      refusals.map(({ what }) => what),
      ['pages', 'bytes'],
    )
    for (const { reason } of refusals) assert.match(reason, /CAP_SYS_PTRACE/)
    if (skipWithoutChromium === false) await seesRefusals(t, get)
    const [first] = (data as LiveMessages['state']).data.first.put.rows
    for (const path of [`/pages?start=${first}&end=${first! + 1}`, `/bytes?page=${first}&length=16`]) {
      const refused = await get(path)
      assert.equal(refused.status, 403)
      assert.match(await refused.text(), /CAP_SYS_PTRACE/)
    }
    break
  }
})

/** What a person sees of them: a page is let in by an address of its own. */
async function seesRefusals(t: TestContext, get: (path: string, method?: string) => Promise<Response>): Promise<void> {
  const { address } = (await (await get('/invite', 'POST')).json()) as { address: string }
  const page = await newPage(t)
  await page.goto(address)
  for (const what of ['pages', 'bytes']) {
    await page.locator('.strip li', { hasText: `Not permitted: ${what}` }).waitFor()
  }
  await page.locator('.row:not(.head)').first().click()
  await page.locator('.scroller').press('Enter')
  await page.locator('.area-panel .unknown', { hasText: 'Its pages are not known: ' }).waitFor()
}

test('a browser that reads too slowly loses messages, gets their number, and then the whole state', async () => {
  const caughtUp: number[] = []
  let stream: EventStream | undefined
  const server = createServer((_request, response) => {
    stream = new EventStream(response, (_stream, dropped) => caughtUp.push(dropped))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const client = request({ port, host: '127.0.0.1' })
  const response = await new Promise<import('node:http').IncomingMessage>((resolve) => {
    client.on('response', resolve).end()
  })
  response.pause()
  await until('the stream', () => stream)
  const long = `event: steps\ndata: ${'x'.repeat(2 ** 20)}\n\n`
  // More than the stream lets wait and the sockets hold.
  for (let sent = 0; sent < 64; sent++) {
    stream!.sendText(long)
    await new Promise((turn) => setImmediate(turn))
  }
  assert.deepEqual(caughtUp, [])
  response.resume()
  await until('the browser has caught up', () => caughtUp.length > 0)
  assert.ok(caughtUp[0]! > 0 && caughtUp[0]! < 64, String(caughtUp))
  response.destroy()
  server.close()
})

test('a page that lost messages says how many, and what it did not see for that', {
  skip: skipWithoutChromium,
}, async (t) => {
  const { pid } = await startProgram()
  const page = await newPage(t)
  // The state after lost messages is one like any other, with their number.
  await page.addInitScript(() => {
    const Stream = globalThis.EventSource
    globalThis.EventSource = class extends Stream {
      override addEventListener(name: string, take: (event: Event) => void): void {
        super.addEventListener(name, (event) => {
          const data = (event as unknown as { data: string }).data.replace('"dropped":0', '"dropped":3')
          take(name === 'state' ? new MessageEvent(name, { data }) : event)
        })
      }
    }
  })
  await page.goto((await serveView(t, String(pid))).address)
  await page.locator('.strip li', { hasText: '3 messages were dropped' }).waitFor()
})

test('without a browser --open says so, and the address is served all the same', async (t) => {
  const { pid } = await startProgram()
  const child = spawn(process.execPath, [MAIN, 'view', String(pid), '--open'], {
    env: { ...process.env, BROWSER: '/no/such/browser' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  started.push(child)
  t.after(() => child.kill())
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const { value: address } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  await until(
    () => said,
    () => /can't open a browser \(there is no xdg-open here, .*\): open the address/.test(said),
  )
  const { get } = await enter(address)
  assert.equal((await get('/boot')).status, 200)
})

test('a client that never ends its request keeps no other one waiting', async (t) => {
  const { pid } = await startProgram()
  const { address } = await serveView(t, String(pid))
  const slow = connect(Number(new URL(address).port), '127.0.0.1')
  await new Promise<void>((connected) => slow.once('connect', connected))
  slow.write('GET / HTTP/1.1\r\nHost: ')
  const { get } = await enter(address)
  assert.equal((await get('/boot')).status, 200)
  slow.destroy()
})
