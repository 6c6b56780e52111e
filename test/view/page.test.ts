// The page in a real Chromium over a real process, by what a person does and sees.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../cli/run.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'
import { newPage, openView, serveView, skipWithoutChromium } from './browser.js'
import { startProgram } from './program.js'

const skip = skipWithoutChromium
const program = await startProgram()
const pid = String(program.pid)
const PAGE = 4096

test('a process is shown with its areas, its totals and how true they are', { skip }, async (t) => {
  const page = await openView(t, [pid])
  await page.getByRole('grid', { name: 'Areas in order of address' }).waitFor()
  // Newer Nodes name their main thread: node-MainThread.
  const name = readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  assert.match(await page.locator('.subject').innerText(), new RegExp(`^${name} process ${pid} `))
  const count = Number(await page.locator('.areas h2 small').innerText())
  assert.ok(count > 30)
  assert.equal(await page.locator('.bar-row').count(), 3)
  assert.match(await page.locator('.strip').innerText(), /pages of 4 K · Linux \d/)
  await page.locator('.strip', { hasText: '% of a processor' }).waitFor()
})

test('what the process maps, writes and unmaps comes onto the page without a reload', { skip }, async (t) => {
  const page = await openView(t, [pid])
  const file = temporaryFile(64 * PAGE)
  await program.act(`file live ${file}`)
  const row = page.locator('.row', { hasText: file })
  await page.getByRole('searchbox').fill(file)
  await row.first().waitFor()
  await page.getByRole('tab', { name: 'Changes' }).click()
  await page.locator('.changes li.mapped', { hasText: file }).first().waitFor()
  await program.act('unmap live')
  await row.first().waitFor({ state: 'detached' })
  await page.locator('.changes li.unmapped', { hasText: file }).first().waitFor()
})

test('an area opens into its pages and a page into its bytes, by the keyboard alone, and Back and Escape lead out', {
  skip,
}, async (t) => {
  const address = await program.act('memory deep 8')
  await program.act('write deep 3')
  const page = await openView(t, [pid])
  await page.keyboard.press('/')
  await page.keyboard.type(address)
  await page.keyboard.press('Enter')
  await page.locator(`.explain h3:has-text("0x${address}")`).waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.scroller').focus()
  await page.keyboard.press('Enter')
  const grid = page.locator('.grid-canvas')
  await grid.focus()
  const place = await page.locator('.facts code').innerText()
  const first = (BigInt(`0x${address}`) - BigInt(`0x${place.split('-')[0]}`)) / BigInt(PAGE)
  await page.keyboard.press('Home')
  for (let at = 0n; at < first + 3n; at++) await page.keyboard.press('ArrowRight')
  await page.locator('.grid .hover', { hasText: ': present' }).waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.dump', { hasText: /\b41 00 00 00 .*A\.\.\./ }).waitFor()
  assert.match(page.url(), /zoom=page/)
  await page.goBack()
  await page.locator('.dump').waitFor({ state: 'detached' })
  await page.locator('body').press('Escape')
  await page.getByRole('grid', { name: 'Areas in order of address' }).waitFor()
  await program.act('unmap deep')
})

test('a cell of the grid stands for several pages and counts their states, and the breadcrumbs lead out', {
  skip,
}, async (t) => {
  const address = await program.act('memory wide 4000')
  for (const page of [0, 1, 5]) await program.act(`write wide ${page}`)
  const page = await openView(t, [pid])
  await page.getByRole('searchbox').fill(address)
  await page.keyboard.press('Enter')
  await page.locator(`.explain h3:has-text("0x${address}")`).waitFor()
  await page.locator('.scroller').press('Enter')
  await page.locator('.classes li', { hasText: /^\s*3 present/ }).waitFor()
  await page.locator('.classes li', { hasText: /^\s*3997 absent/ }).waitFor()
  await page.locator('.grid-canvas').focus()
  await page.keyboard.press('Home')
  const cell = page.locator('.grid .hover')
  for (let press = 0; press < 3; press++) {
    await page.keyboard.press('-')
    if (/page 0 to 7 of/.test(await cell.innerText())) break
  }
  // The smallest cell of eight pages or more has the three that were written.
  await cell.filter({ hasText: /page 0 to \d+ of 4000, .*: \d+ absent, 3 present/ }).waitFor()
  await page.keyboard.press('Enter')
  await page.locator('.dump').waitFor()
  const crumbs = page.getByRole('navigation', { name: 'Zoom' })
  await crumbs.getByRole('button').nth(1).click()
  await page.locator('.dump').waitFor({ state: 'detached' })
  assert.match(page.url(), /zoom=area/)
  await crumbs.getByRole('button', { name: 'all areas' }).click()
  await page.getByRole('grid', { name: 'Areas in order of address' }).waitFor()
  await program.act('unmap wide')
})

test('the explain panel says what an access would do, the flags in words, and why neighbours are apart', {
  skip,
}, async (t) => {
  const page = await openView(t, [pid])
  await page.locator('.row', { hasText: 'r-xp' }).first().click()
  const explain = page.locator('.explain')
  assert.match(
    await explain.locator('.accesses > .signal').first().innerText(),
    /A write\s+the area does not allow it \(r-xp\)/,
  )
  await explain.locator('.flags dd', { hasText: 'executed' }).first().waitFor()
  await explain.locator('p', { hasText: /Below: .*not merged: their flags differ/ }).waitFor()
  // Of the usage each number has its definition.
  await explain
    .locator('.usage div', { hasText: 'rss' })
    .locator('dd', { hasText: /^\d.* \w+/ })
    .first()
    .waitFor()
})

test('Enter goes to what was typed last, also before the list shows it', { skip }, async (t) => {
  const address = await program.act('memory typed 2')
  const page = await openView(t, [pid])
  for (const [typed, found] of [
    [address, `0x${address}`],
    ['[stack]', '[stack]'],
  ]) {
    await page.evaluate(`
      const input = document.querySelector('.find')
      input.value = ${JSON.stringify(typed)}
      input.dispatchEvent(new Event('input', { bubbles: true }))
      input.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))`)
    await page.locator('.explain', { hasText: found! }).waitFor()
  }
  await program.act('unmap typed')
})

test('a click on a kind filters the list and the address keeps it, so that a reload shows the same', {
  skip,
}, async (t) => {
  const page = await openView(t, [pid])
  await page.getByRole('button', { name: /^stack/ }).click()
  assert.match(page.url(), /#kind=stack$/)
  const shown = page.locator('.areas h2 small', { hasText: /^\d+ of \d+$/ })
  await shown.waitFor()
  await page.locator('.row', { hasText: '[stack]' }).waitFor()
  await page.reload()
  await page.locator('.row', { hasText: '[stack]' }).waitFor()
  await shown.waitFor()
})

test('the end of a process is shown, and the last state stays', { skip }, async (t) => {
  const mortal = await startProgram()
  const page = await openView(t, [String(mortal.pid)])
  await page.locator('.row:not(.head)').first().waitFor()
  mortal.kill()
  await page.locator('.state.ended').waitFor()
  await page.locator('.strip li', { hasText: 'has ended' }).waitFor()
  assert.ok((await page.locator('.row:not(.head)').count()) > 10)
})

test('the end of the server is shown as a lost connection', { skip }, async (t) => {
  const page = await newPage(t)
  const { address, child } = await serveView(t, pid)
  await page.goto(address)
  await page.locator('.state.open').waitFor()
  child.kill('SIGKILL')
  await page.locator('.state.lost').waitFor()
  await page.locator('.strip li', { hasText: 'connection is lost' }).waitFor()
})

test('a second browser is let in by an address of its own, and not by the first one', { skip }, async (t) => {
  const first = await newPage(t)
  const { address } = await serveView(t, pid)
  await first.goto(address)
  await first.getByRole('button', { name: 'Another browser' }).click()
  const invitation = await first.getByLabel('Address for another browser').inputValue()
  const second = await newPage(t)
  await second.goto(address)
  assert.match(await second.locator('body').innerText(), /was used already/)
  await second.goto(invitation)
  await second.locator('.row:not(.head)').first().waitFor()
})

test('names with markup, control characters and marks of direction are text', { skip }, async (t) => {
  const before = join(temporaryFolder, 'hostile.json')
  const snapshot = JSON.parse(run('maps', pid, '--json').out)
  const names = [
    '<img src=x onerror=document.title=1>',
    '</script><script>document.title=1</script>',
    '/tmp/a\u202egnp.exe',
    'a\u0007b\nc',
  ]
  for (const [at, name] of names.entries()) snapshot.areas[at].path = name
  writeFileSync(before, JSON.stringify(snapshot))
  const html = join(temporaryFolder, 'hostile.html')
  assert.equal(run('view', before, '--html', html).err, '')
  for (const open of [() => openView(t, [before]), () => openFile(t, html)]) {
    const page = await open()
    await page.locator('.row:not(.head)').first().waitFor()
    const text = await page.locator('.rows').innerText()
    assert.ok(text.includes(names[0]!) && text.includes(names[1]!))
    assert.ok(text.includes('/tmp/a\\u{202e}gnp.exe') && text.includes('a\\x07b\\nc'))
    assert.equal(await page.locator('img').count(), 0)
    assert.notEqual(await page.title(), '1')
  }
})

test('one file holds the page and the data, opens from the disk, and loads nothing', { skip }, async (t) => {
  const html = join(temporaryFolder, 'now.html')
  assert.equal(run('view', pid, '--html', html).code, 0)
  assert.doesNotMatch(readFileSync(html, 'utf8'), /(?:src|href)="(?!data:)/)
  const page = await newPage(t)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url()))
  await page.goto(`file://${html}`)
  await page.locator('.row', { hasText: 'r-xp' }).first().click()
  await page.locator('.scroller').press('Enter')
  await page.locator('.classes li', { hasText: 'file' }).waitFor()
  assert.deepEqual(
    asked.filter((url) => !url.startsWith('data:')),
    [`file://${html}`],
  )
})

test('the difference of two snapshots names what was mapped, and marks it in the list', { skip }, async (t) => {
  const [one, two] = [join(temporaryFolder, 'one.json'), join(temporaryFolder, 'two.json')]
  const file = temporaryFile(16 * PAGE)
  run('maps', pid, '--save', one)
  await program.act(`file between ${file}`)
  run('maps', pid, '--save', two)
  const page = await openView(t, [one, two])
  await page.locator('.changes li.mapped', { hasText: file }).waitFor()
  await page.getByRole('searchbox').fill(file)
  await page.locator('.row.new', { hasText: file }).waitFor()
  await program.act('unmap between')
})

test('a recording is shown at each of its moments, and compared over any two', { skip }, async (t) => {
  const record = join(temporaryFolder, 'run.ndjson')
  writeFileSync(record, recording(20))
  const page = await openView(t, [record])
  const slider = page.getByRole('slider', { name: 'Moment' })
  const shown = page.locator('.areas h2 small')
  await shown.filter({ hasText: /^21$/ }).waitFor()
  await slider.focus()
  await page.keyboard.press('Home')
  await shown.filter({ hasText: /^1$/ }).waitFor()
  await page.getByRole('button', { name: 'Compare from here' }).click()
  for (let step = 0; step < 5; step++) await page.keyboard.press('Tab')
  await slider.focus()
  for (let step = 0; step < 3; step++) await page.keyboard.press('ArrowRight')
  await page.getByRole('tab', { name: 'Changes' }).click()
  await page.locator('.changes p', { hasText: '3 changes between the two moments' }).waitFor()
  assert.match(page.url(), /t=3000&from=0/)
})

test('Play shows a recording to its end and stops there, and Pause stops it before', { skip }, async (t) => {
  const open = async (looks: number) => {
    const record = join(temporaryFolder, `played-${looks}.ndjson`)
    writeFileSync(record, recording(looks))
    const page = await openView(t, [record])
    await page.getByRole('button', { name: 'Play', exact: true }).click()
    return { page, shown: page.locator('.areas h2 small') }
  }
  const short = await open(2)
  await short.shown.filter({ hasText: /^3$/ }).waitFor()
  await short.page.getByRole('button', { name: 'Play', exact: true }).waitFor()
  // It lasts half a minute.
  const long = await open(3000)
  await long.shown.filter({ hasNotText: '3001' }).waitFor()
  await long.page.getByRole('button', { name: 'Pause' }).click()
  assert.ok(Number(await long.shown.innerText()) < 3001)
})

/** A recording of a process that maps an area a second, each apart from the others. */
function recording(looks: number): string {
  const area = (at: number) => ({
    start: `0x${(0x10000 + at * 0x4000).toString(16)}`,
    end: `0x${(0x11000 + at * 0x4000).toString(16)}`,
    permissions: 'rw-p',
    flags: ['rd', 'wr'],
    offset: '0x0',
    device: '00:00',
    inode: '0',
    path: '',
    deleted: false,
    usage: { rss: 4096 },
  })
  const time = (at: number) => new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString()
  const head = { version: 1, pid: 7, time: time(0), kernel: '6.18.0', pageSize: PAGE, areas: 1, list: [area(0)] }
  const lines = Array.from({ length: looks }, (_, at) => ({
    time: time(at + 1),
    look: { gone: [], put: [area(at + 1)] },
  }))
  return [head, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
}

async function openFile(t: Parameters<typeof newPage>[0], path: string) {
  const page = await newPage(t)
  await page.goto(`file://${path}`)
  return page
}
