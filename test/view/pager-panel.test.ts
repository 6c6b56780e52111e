// The panel of devices, swaps and guests in a real Chromium.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { driverUrl } from '../pager/support/driver-url.js'
import { root } from '../support/root.js'
import { openView, skipWithoutChromium } from './browser.js'
import { startProgram } from './program.js'

const skip = skipWithoutChromium
const started: ChildProcess[] = []
after(() => {
  for (const child of started) child.kill('SIGKILL')
})

const driver = driverUrl(() => ({
  mmap() {},
  fault(fault) {
    fault.bytes.fill(7)
  },
}))
const SOURCE = `
import { offerStatistics, openDevice, pageSize } from 'vmarea'
import { createInterface } from 'node:readline'
const device = await openDevice(${JSON.stringify(driver)}, { residentLimit: 64 * pageSize(), run: pageSize() })
const memory = device.map({ length: 1024 * pageSize() })
const offer = await offerStatistics()
offer.add('objects <i>1</i>', device)
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'close') await offer.close()
  else for (let at = 0; at < Number(line); at++) memory.bytes[at * pageSize()]
  console.log('done')
}`

/** A program with a device, which touches as many pages as it reads. */
async function startPager(): Promise<{ pid: number; act: (line: string) => Promise<unknown> }> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SOURCE], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  started.push(child)
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return {
    pid: child.pid!,
    act: (line) => {
      child.stdin.write(`${line}\n`)
      return lines.next()
    },
  }
}

test('the budget, queue, hits, evictions and latency of a device follow what the program does', { skip }, async (t) => {
  const program = await startPager()
  const page = await openView(t, [String(program.pid)])
  await page.getByRole('tab', { name: 'Pager' }).click()
  // A name is text, whatever it holds.
  const panel = page.getByRole('region', { name: 'device objects <i>1</i>' })
  await panel.getByText('No fault was answered yet.').waitFor()
  await program.act('512')
  await panel.locator('dd', { hasText: '512 taken so far' }).waitFor()
  await panel
    .locator('div', { hasText: 'misses' })
    .locator('dd', { hasText: '512 asked of the driver, which gave 2M' })
    .waitFor()
  assert.equal(await panel.getByRole('meter', { name: 'Resident budget' }).getAttribute('max'), String(64 * 4096))
  assert.match(await panel.locator('div', { hasText: 'evictions' }).locator('dd').innerText(), /^1\.\d+M dropped/)
  // What a device does not know is a dash.
  assert.match(await panel.locator('div', { hasText: 'to the store' }).locator('dd').innerText(), /^– /)
  assert.ok((await panel.locator('.latency tr').count()) > 0)
  await panel.getByText('By age: the page whose last use is longest ago leaves first.').waitFor()
  await panel.locator('dd', { hasText: /^pages \d+ to \d+.*, the first one first$/ }).waitFor()
  await program.act('close')
  await page.getByText('The program offers no statistics').waitFor()
})

test('the order of eviction is shown with the hand of a clock, and said in words where there is none', {
  skip,
}, async (t) => {
  const report = {
    state: 'serving',
    faults: 9,
    waiting: 0,
    failures: 0,
    residentBytes: 32768,
    residentLimit: 65536,
    hits: 1,
    requests: 8,
    bytesRead: 32768,
    evictedBytes: 0,
    writtenBytes: null,
    stagedBytes: null,
    eviction: null,
    latency: [],
  }
  const clock = { by: 'clock', next: [30, 31, 32, 7], candidates: 4, others: 4, hand: 40, round: 160 }
  const reports = {
    heap: { ...report, kind: 'swap', eviction: clock },
    free: { ...report, kind: 'swap', residentLimit: null },
    machine: { ...report, kind: 'guest', residentLimit: null },
    lost: { ...report, kind: 'device', state: 'dead' },
  }
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '--eval',
      `import { offerStatistics } from 'vmarea'
      const offer = await offerStatistics()
      for (const [name, report] of Object.entries(${JSON.stringify(reports)})) offer.add(name, { report: () => report })
      setInterval(() => {}, 1e6)
      console.log('ready')`,
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  started.push(child)
  await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  const page = await openView(t, [String(child.pid)])
  await page.getByRole('tab', { name: 'Pager' }).click()
  const heap = page.getByRole('region', { name: 'swap heap' })
  const hand = heap.getByRole('img', { name: 'The hand of the clock: page 40 of 160' })
  await hand.waitFor()
  const [track, mark] = [await hand.boundingBox(), await hand.locator('.clock-hand').boundingBox()]
  const part = (mark!.x + mark!.width / 2 - track!.x) / track!.width
  assert.ok(Math.abs(part - 0.25) < 0.02, `the hand is drawn at ${part} of the round`)
  await heap.locator('dd', { hasText: 'pages 30 to 32, 7, the first one first' }).waitFor()
  await page
    .getByRole('region', { name: 'swap free' })
    .getByText('None: without a budget no page is evicted.')
    .waitFor()
  await page.getByRole('region', { name: 'guest machine' }).getByText('None: the guest decides').waitFor()
  await page.getByRole('region', { name: 'device lost' }).getByText('Not known: the thread').waitFor()
})

test('a program that offers no statistics is named as such', { skip }, async (t) => {
  const { pid } = await startProgram()
  const page = await openView(t, [String(pid)])
  await page.getByRole('tab', { name: 'Pager' }).click()
  await page.getByText('The program offers no statistics').waitFor()
})
