// The model and the suite in a browser, as a page loads them: compiled modules over HTTP, and nothing else.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, normalize } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../support/root.js'
import { MODEL_CAPABILITIES } from './model-capabilities.js'

const chromium = ['chromium', '/usr/bin/chromium'].find((name) => spawnSync(name, ['--version']).status === 0)
const skip = chromium === undefined && 'no chromium here: install it to run the model in a browser'

// The page's text becomes the result. Only a browser fills it: a script that did not run leaves the word that is there.
const page = `<!doctype html><title>conformance</title><body>nothing ran<script type="module">
  let result
  try {
    const { Machine } = await import('/model.js')
    const { conformance } = await import('/conformance.js')
    const tests = []
    const test = (title, ...rest) => tests.push({ title, skipped: rest.length > 1, run: rest.at(-1) })
    conformance({ test, factory: () => new Machine().spawn(), capabilities: ${JSON.stringify(MODEL_CAPABILITIES)} })
    result = { passed: 0, skipped: 0, failed: [], node: typeof process }
    for (const { title, skipped, run } of tests) {
      if (skipped) result.skipped++
      else
        try {
          await run()
          result.passed++
        } catch (error) {
          result.failed.push(title + ': ' + error)
        }
    }
  } catch (error) {
    result = { broken: String(error) }
  }
  document.body.textContent = 'RESULT' + encodeURIComponent(JSON.stringify(result)) + 'END'
</script>`

test('the conformance suite passes on a modelled machine in a browser', { skip }, async () => {
  const server = createServer(async ({ url = '/' }, response) => {
    if (url === '/') {
      response.setHeader('content-type', 'text/html').end(page)
      return
    }
    try {
      const module = await readFile(join(root, 'dist', normalize(url)))
      response.setHeader('content-type', 'text/javascript').end(module)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const profile = mkdtempSync(join(tmpdir(), 'vmarea-browser-'))
  try {
    const { stdout } = await promisify(execFile)(
      chromium!,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        `--user-data-dir=${profile}`,
        '--virtual-time-budget=30000',
        '--dump-dom',
        `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      ],
      { timeout: 300_000, killSignal: 'SIGKILL' },
    )
    const text = /RESULT(.*)END<\/body>/.exec(stdout)?.[1]
    assert.ok(text !== undefined, `the page has no result: ${stdout.slice(-500)}`)
    const result = JSON.parse(decodeURIComponent(text))
    assert.equal(result.broken, undefined)
    assert.deepEqual(result.failed, [])
    assert.equal(result.node, 'undefined', 'it is a browser')
    assert.ok(result.passed > 50, `${result.passed} passed and ${result.skipped} were skipped`)
  } finally {
    server.closeAllConnections()
    server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
})
