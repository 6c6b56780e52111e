// npm run picture: the pictures of the docs, from the page in Chromium over a real program and the playground.
// Argument: another folder to write them to, as the test does.
import { spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { setUp } from './set-up.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = process.argv[2] ?? join(root, 'docs')
const main = join(root, 'dist', 'cli', 'main.js')

// A test runs this over what is built already.
if (process.argv[2] === undefined) await setUp()
const executablePath = spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim()
if (executablePath === '') {
  console.error('the pictures are made with Chromium, and there is no chromium here')
  process.exit(1)
}
/** What only a page that hangs should take. */
const PATIENCE = 120_000
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
  timeout: PATIENCE,
})
const program = start([
  '--input-type=module',
  '-e',
  "import { map } from 'vmarea'; map({ file: process.execPath }); console.log('ready'); setInterval(() => {}, 1e6)",
])
await program.line
await picture('viewing.png', [String(program.child.pid)], async (page) => {
  await page.locator('.row', { hasText: 'r--p' }).first().click()
  await page.locator('.scroller').press('Enter')
  await page.locator('.classes li').first().waitFor()
})
await picture('playground.png', [], async (page) => {
  for (let call = 0; call < 3; call++) await page.keyboard.press('ArrowRight')
  await page.locator('.effects', { hasText: 'split' }).waitFor()
})
await browser.close()
program.child.kill()

async function picture(name, args, act) {
  const view = start([main, 'view', ...args])
  const page = await browser.newPage({ viewport: { width: 1000, height: 640 }, colorScheme: 'light' })
  page.setDefaultTimeout(PATIENCE)
  await page.goto(await view.line)
  await page.waitForSelector('.row:not(.head), .play')
  await act(page)
  await page.screenshot({ path: join(folder, name) })
  await page.close()
  view.child.kill()
}

/** A program, and the first line that it prints. */
function start(args) {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
  const line = createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  return { child, line: line.then(({ value }) => value) }
}
