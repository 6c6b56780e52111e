// Recordings that were made to do harm: too much, markup in names, numbers out of range.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { overviewLayout } from '#vmarea/view/data/overview-layout.js'
import { Timeline } from '#vmarea/view/data/timeline.js'
import { totalsOf } from '#vmarea/view/data/totals.js'
import { readRecordingText } from '#vmarea/view/files/read-recording-text.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { openView, skipWithoutChromium } from './browser.js'

const PAGE = 4096
const NAMES = [
  '<img src=x onerror=document.title=1>',
  '</script><script>document.title=1</script>',
  '/tmp/a\u202egnp.exe',
  'a\u0007b\nc\u0000',
  '\ud800',
  `/${'x'.repeat(4000)}`,
  '',
]

/** The text of an area: the number decides where it is and what its name is. */
function areaText(at: number, usage: string): string {
  const start = (at * 3 + 1) * PAGE
  return `{"start":"0x${start.toString(16)}","end":"0x${(start + PAGE).toString(16)}","permissions":"rw-p","flags":[],"offset":"0x0","device":"00:00","inode":"0","path":${JSON.stringify(at % 1000 < NAMES.length ? NAMES[at % 1000] : '')},"deleted":false,"usage":${usage}}`
}

/** A recording of so many areas, with looks of which all but those of every fifth number are out of range in one way or another. */
function hostileRecording(count: number, looks: number): string {
  const parts: string[] = []
  for (let from = 0; from < count; from += 1000) {
    const some = Array.from({ length: Math.min(1000, count - from) }, (_, at) => areaText(from + at, '{}'))
    parts.push(some.join())
  }
  const head = `{"version":1,"pid":7,"time":"2026-01-01T00:00:00.000Z","kernel":"<b>6\u202e</b>","pageSize":${PAGE},"areas":${count},"list":[`
  const lines = Array.from({ length: looks }, (_, look) => {
    const good = areaText((look * 7919) % count, '{"rss":4096}').replace('rw-p', 'r--p')
    const bad = [
      good,
      good.replace('4096', '1e300'),
      good.replace('4096', '-1'),
      good.replace(/"start":"0x/, '"start":"0xffffffffffff'),
      good.replace('"rss":4096', '"rss":"<b>"'),
    ]
    return `{"time":"${new Date(Date.UTC(2026, 0, 1) + (look + 1) * 1000).toISOString()}","look":{"gone":[],"put":[${bad[look % 5]}]}}\n`
  })
  return `${head}${parts.join()}]}\n${lines.join('')}`
}

test('a recording of a million areas is read, at each of its moments, with a warning for each look that is out of range', () => {
  const count = 1_000_000
  const { areas, steps, header, warnings } = readRecordingText(hostileRecording(count, 20))
  assert.equal(areas.length, count)
  assert.equal(warnings.length, 16)
  assert.equal(steps.length, 4)
  const timeline = new Timeline(areas, header.time)
  for (const step of steps) timeline.push(step)
  assert.equal(timeline.at(2).length, count)
  assert.equal(timeline.latest.filter(({ usage }) => usage.rss === PAGE).length, 4)
  assert.equal(timeline.at(0), areas)
  assert.ok(Number.isFinite(overviewLayout(timeline.latest, PAGE, false).total))
  const totals = totalsOf(timeline.latest, PAGE).get('anonymous')!
  const { virtual, resident, dirtyAndSwapped, isPartial } = totals
  assert.deepEqual([totals.areas, virtual, resident], [count, count * PAGE, 4 * PAGE])
  // What no area has is not known, which is not zero.
  assert.deepEqual([dirtyAndSwapped, isPartial], [null, true])
})

test('a hostile recording is shown as text with its warnings, and can be walked through', {
  skip: skipWithoutChromium,
}, async (t) => {
  const path = join(temporaryFolder, 'hostile.ndjson')
  writeFileSync(path, hostileRecording(20_000, 40))
  const page = await openView(t, [path])
  assert.equal(await page.locator('.areas h2 small').innerText(), '20000')
  const strip = await page.locator('.strip').innerText()
  assert.ok(strip.includes('Linux <b>6\\u{202e}</b>'), strip)
  assert.ok(strip.includes('usage.rss is a number of bytes or null, and this is 1e+300'), strip)
  assert.ok(strip.includes('and 12 more'), strip)
  const rows = await page.locator('.rows').innerText()
  assert.ok(rows.includes(NAMES[0]!) && rows.includes(NAMES[1]!))
  assert.ok(rows.includes('/tmp/a\\u{202e}gnp.exe') && rows.includes('a\\x07b\\nc\\x00') && rows.includes('\\u{d800}'))
  await page.locator('.scroller').focus()
  await page.keyboard.press('End')
  await page.locator('.explain h3', { hasText: `0x${((19_999 * 3 + 1) * PAGE).toString(16)}` }).waitFor()
  await page.getByRole('slider', { name: 'Moment' }).focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  await page.getByRole('tab', { name: 'Changes' }).click()
  await page.locator('.changes li.protected').first().waitFor()
  await page.locator('.bar-row', { hasText: 'Resident' }).getByText('≥ 4K').waitFor()
  await page.locator('.bar-row', { hasText: 'dirty' }).locator('.bar-sum', { hasText: '–' }).waitFor()
  assert.equal(await page.locator('img, .rows b, .strip b, .subject b b').count(), 0)
  assert.equal(await page.title(), '7 · vmarea view')
})
