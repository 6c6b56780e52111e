// A real Chromium over the page. Tests that use it skip by name where none is installed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, type TestContext } from 'node:test'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { MAIN } from '../cli/run.js'
import { root } from '../support/root.js'

/** The browser's: a sanitizer's library, which is preloaded, is for Node. */
const env = { ...process.env, LD_PRELOAD: undefined }
const CHROMIUM = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version'], { env }).status === 0,
)

/** Why there is no browser here, or `false`. */
export const skipWithoutChromium: string | false = CHROMIUM === undefined && 'no Chromium'

/** What only a page that hangs should take: a machine under load has room in it. */
const PATIENCE = 60_000

let browser: Promise<Browser> | undefined
const started: ChildProcess[] = []

after(async () => {
  for (const child of started) child.kill('SIGKILL')
  await (await browser)?.close()
})

/** A page of the browser, with a profile of its own. A screenshot is kept in `build/screenshots` if the test fails. */
export async function newPage(t: TestContext, options: BrowserContextOptions = {}): Promise<Page> {
  const path = spawnSync('which', [CHROMIUM!], { encoding: 'utf8' }).stdout.trim()
  browser ??= chromium.launch({
    executablePath: path,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    env,
    timeout: PATIENCE,
  })
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE)
  const wrong: string[] = []
  page.on('pageerror', ({ message }) => wrong.push(message))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|Trusted Type/.test(message.text()))
      wrong.push(message.text())
  })
  t.after(async () => {
    const passed = (t as TestContext & { passed?: boolean }).passed ?? true
    if (!passed) {
      const folder = join(root, 'build', 'screenshots')
      mkdirSync(folder, { recursive: true })
      await page
        .screenshot({ path: join(folder, `${t.name.replaceAll(/\W+/g, '-').slice(0, 80)}.png`) })
        .catch(() => {})
    }
    await context.close()
    if (wrong.length > 0) throw new Error(`the page reported: ${wrong.join('; ')}`)
  })
  return page
}

/** Starts `vmarea view` with these arguments, and resolves with the address that it prints. It ends with the test. */
export async function serveView(t: TestContext, ...args: string[]): Promise<{ address: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [MAIN, 'view', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  started.push(child)
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  for await (const line of createInterface({ input: child.stdout! })) return { address: line, child }
  throw new Error(`vmarea view ${args.join(' ')} ended without an address: ${said}`)
}

/** A page with the view of these arguments, once it shows something. */
export async function openView(t: TestContext, args: string[], options?: BrowserContextOptions): Promise<Page> {
  const page = await newPage(t, options)
  const { address } = await serveView(t, ...args)
  await page.goto(address)
  await page.waitForSelector('.row:not(.head), .play')
  return page
}
