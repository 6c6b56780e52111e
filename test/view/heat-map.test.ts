// The heat map and the column at true scale in a real Chromium, by what a person does and sees.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Locator } from 'playwright-core'
import { temporaryFolder } from '../support/temporary-folder.js'
import { until } from '../support/until.js'
import { openView, skipWithoutChromium } from './browser.js'

const skip = skipWithoutChromium
const PAGE = 4096
const LOW = '/srv/low'
const HIGH = '/srv/high'

/** An area of a recording. */
function area(start: number, pages: number, path: string, residentPages: number) {
  return {
    start: `0x${start.toString(16)}`,
    end: `0x${(start + pages * PAGE).toString(16)}`,
    permissions: 'rw-p',
    flags: ['rd', 'wr'],
    offset: '0x0',
    device: 'fe:00',
    inode: '7',
    path,
    deleted: false,
    usage: { rss: residentPages * PAGE },
  }
}

/** A recording of ten seconds: at the second one the low area comes into memory, at the eighth the high one goes, at the fifth one is mapped. */
function writeRecording(): string {
  const time = (second: number) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString()
  const list = [area(0x10_0000, 64, LOW, 0), area(0x7000_0000, 64, HIGH, 32)]
  const put = (second: number, one: object) => ({ time: time(second), look: { gone: [], put: [one] } })
  const lines = [
    { version: 1, pid: 7, time: time(0), kernel: '6.18.0', pageSize: PAGE, areas: list.length, list },
    put(2, area(0x10_0000, 64, LOW, 64)),
    put(5, area(0x5000_0000, 8, '/srv/middle', 0)),
    put(8, area(0x7000_0000, 64, HIGH, 0)),
    put(10, area(0x5000_0000, 8, '/srv/middle', 1)),
  ]
  const path = join(temporaryFolder, 'heat.ndjson')
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  return path
}

/** What a test uses of a canvas of the browser. */
interface Drawn {
  readonly width: number
  readonly height: number
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray }
  }
}

/** What is drawn in a column of a canvas, at a part of its width, from top to bottom: the colour of a pixel, or '' where nothing is drawn. */
function drawnIn(canvas: Locator, across: number): Promise<string[]> {
  return canvas.evaluate((element, part) => {
    const drawn = element as unknown as Drawn
    const { data } = drawn.getContext('2d').getImageData(Math.floor(part * drawn.width), 0, 1, drawn.height)
    return Array.from({ length: drawn.height }, (_, at) =>
      data[at * 4 + 3] === 0 ? '' : data.subarray(at * 4, at * 4 + 3).join(' '),
    )
  }, across)
}

test('the heat map shows when and where memory came and went, and says it of the place under the mouse', {
  skip,
}, async (t) => {
  const page = await openView(t, [writeRecording()])
  const heat = page.getByRole('img', {
    name: /^Heat map: addresses from top to bottom, time from left to right\. 4 looks/,
  })
  await heat.waitFor()
  const text = page.locator('.time .hover')
  const box = (await heat.boundingBox())!
  const pointAt = (second: number, down: number) =>
    page.mouse.move(box.x + ((second + 0.01) / 10) * box.width, box.y + down * box.height)
  await page.locator('.heat[width]').waitFor() // it is drawn: an empty canvas has no width of its own
  /** What is drawn at a second, in a part of the height: the cells take most of it, the markers the rest. */
  const drawn = async (second: number, from: number, to: number) => {
    const pixels = await drawnIn(heat, (second + 0.02) / 10)
    return pixels.slice(pixels.length * from, pixels.length * to).filter((pixel) => pixel !== '')
  }
  // Low addresses are above, high ones below, and nothing is drawn where and when nothing happened.
  await until('the map is drawn', async () => (await drawn(2, 0, 0.3)).length > 0)
  assert.deepEqual(await drawn(2, 0.4, 0.88), [], 'nothing came at the high one')
  assert.notDeepEqual(await drawn(8, 0.5, 0.88), [], 'the high area went')
  assert.deepEqual(await drawn(8, 0, 0.4), [], 'nothing went at the low one')
  assert.notEqual((await drawn(2, 0, 0.3))[0], (await drawn(8, 0.5, 0.88))[0], 'what came and what went look alike')
  assert.notDeepEqual(await drawn(5, 0.9, 1), [], 'the layout changed')
  assert.deepEqual(await drawn(3.5, 0, 1), [], 'nothing happened')
  await pointAt(2, 0.05)
  await text.filter({ hasText: '256K came, 0 went near /srv/low, 256K' }).waitFor()
  await pointAt(8, 0.7)
  await text.filter({ hasText: '0 came, 128K went near /srv/high' }).waitFor()
  await pointAt(5, 0.97)
  await text.filter({ hasText: '0 came, 0 went, 1 change of the layout' }).waitFor()
})

test('dragging in the heat map compares two moments, and a click goes to one', { skip }, async (t) => {
  const page = await openView(t, [writeRecording()])
  const heat = page.locator('.heat')
  await heat.waitFor()
  const box = (await heat.boundingBox())!
  const at = (second: number) => [box.x + (second / 10) * box.width, box.y + 30] as const
  await page.getByRole('tab', { name: 'Changes' }).click()
  await page.mouse.move(...at(4))
  await page.mouse.down()
  await page.mouse.move(...at(7), { steps: 8 })
  await page.mouse.up()
  await page.locator('.changes p', { hasText: '1 change between the two moments: 1 of the layout' }).waitFor()
  await page.locator('.changes li.mapped', { hasText: '/srv/middle' }).waitFor()
  // Every panel follows the range: the bars tell the difference, and the list marks the area.
  await page.locator('.row.new', { hasText: '/srv/middle' }).waitFor()
  await page.locator('.bar-sum em', { hasText: '+32K' }).waitFor()
  const { hash } = new URL(page.url())
  const found = /t=(\d+)&from=(\d+)/.exec(hash)!
  assert.ok(Math.abs(Number(found[1]) - 7000) < 100 && Math.abs(Number(found[2]) - 4000) < 100, hash)
  await page.getByRole('button', { name: /^Comparing from/ }).click()
  await page.mouse.click(...at(1))
  await page.locator('.areas h2 small', { hasText: /^2$/ }).waitFor()
  // For people who do not see it, the slider says what the map shows.
  const slider = page.getByRole('slider', { name: 'Moment' })
  await slider.focus()
  await page.keyboard.press('ArrowRight')
  await page.locator('.scrub input[aria-valuetext*="256K came, 0 went"]').waitFor()
})

test('at true scale heights are lengths: what is small beside a gap is no longer drawn apart, and zoom leads to it', {
  skip,
}, async (t) => {
  const path = join(temporaryFolder, 'scale.json')
  const areas = [
    area(0x1000_0000, 1024, '/srv/first', 8),
    area(0x1080_0000, 3072, '/srv/second', 8),
    area(0x2000_0000, 4096, '/srv/far', 8),
  ]
  const header = { version: 1, pid: 7, time: '2026-01-01T00:00:00.000Z', kernel: '6.18.0', pageSize: PAGE }
  writeFileSync(path, JSON.stringify({ ...header, areas }))
  const page = await openView(t, [path])
  const column = page.locator('.overview-canvas')
  /** The heights of the areas that are drawn, as parts of the column. Names of gaps begin further to the right. */
  const measure = async () => {
    const pixels = await drawnIn(column, 0.027)
    const lengths: number[] = []
    for (const [at, pixel] of pixels.entries()) {
      if (pixel === '') continue
      if (at === 0 || pixels[at - 1] === '') lengths.push(0)
      lengths[lengths.length - 1]! += 1 / pixels.length
    }
    return lengths
  }
  const isNear = (lengths: readonly number[], wanted: readonly number[]) =>
    lengths.length === wanted.length && lengths.every((length, at) => Math.abs(length - wanted[at]!) < 0.015)
  // Collapsed: all three are large, and the gap is not.
  await until('the column is drawn', async () => {
    const lengths = await measure()
    return lengths.length === 3 && lengths.every((length) => length > 0.2)
  })
  await page.locator('.overview-canvas').click({ position: { x: 30, y: 20 } })
  await page.locator('.overview .hover', { hasText: '/srv/first' }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('checkbox', { name: 'true scale' }).check()
  assert.match(page.url(), /scale=true/)
  // From 0x10000000 to 0x21000000 are 272 MiB: the first two areas have 4 and 12 of them, the far one 16.
  const scaled = [4 / 272, 12 / 272, 16 / 272]
  let seen: number[] = []
  const sees = (lengths: number[]) => {
    seen = lengths
    return lengths
  }
  await until(
    () => `at true scale: ${seen}`,
    async () => isNear(sees(await measure()), scaled),
  )
  // By the keyboard: the chosen area stays in sight while the column zooms.
  await column.focus()
  await page.keyboard.press('Home')
  for (let press = 0; press < 4; press++) await page.keyboard.press('+')
  await until(
    () => `zoomed: ${seen}`,
    async () => sees(await measure())[0]! > 0.15,
  )
  await page.keyboard.press('0')
  await until(
    () => `all again: ${seen}`,
    async () => isNear(sees(await measure()), scaled),
  )
  await page.reload()
  assert.equal(await page.getByRole('checkbox', { name: 'true scale' }).isChecked(), true)
})
