// The page for people who do not use a mouse, do not see colours or the page, or have a small or a very large screen.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { CLASS_PAINT, KIND_PAINT } from '#vmarea/view/data/paint.js'
import { openView, skipWithoutChromium } from './browser.js'
import { startProgram } from './program.js'

const skip = skipWithoutChromium
const program = await startProgram()
const pid = String(program.pid)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** What axe-core finds wrong with the page as it is now. */
async function violations(page: Page): Promise<string[]> {
  // Through the debugger: the page's own policy lets no script in.
  const found = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ['violations'] })`)
  return (found as { violations: Violation[] }).violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  )
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe-core finds nothing in any view of the page, ${colorScheme}`, { skip }, async (t) => {
    const page = await openView(t, [pid], { colorScheme })
    assert.deepEqual(await violations(page), [], 'the list')
    await page.locator('.row', { hasText: 'rw-p' }).first().click()
    await page.locator('.explain').waitFor()
    assert.deepEqual(await violations(page), [], 'an area is chosen')
    await page.locator('.scroller').press('Enter')
    await page.locator('.classes li').first().waitFor()
    await page.getByRole('button', { name: 'Show the bytes of the page' }).click()
    await page.locator('.dump').waitFor()
    await page.keyboard.press('?')
    assert.deepEqual(await violations(page), [], 'pages, bytes and the help')
    await page.getByRole('tab', { name: 'Changes' }).click()
    assert.deepEqual(await violations(page), [], 'changes')
    await page.getByRole('tab', { name: 'Pager' }).click()
    assert.deepEqual(await violations(page), [], 'the pager')
    await page.getByRole('button', { name: 'Playground' }).click()
    await page.getByRole('button', { name: 'Next call' }).click()
    await page.locator('.effects').waitFor()
    assert.deepEqual(await violations(page), [], 'the playground')
  })
}

test('everything that the mouse reaches the Tab key reaches', { skip }, async (t) => {
  const page = await openView(t, [pid])
  await page.locator('.row:not(.head)').first().click()
  await page.locator('.explain').waitFor()
  const wanted = await page.evaluate<number>(`
    const all = [...document.querySelectorAll('button:not(:disabled), input, canvas[tabindex], .scroller, .panel')]
    for (const [at, element] of all.entries()) element.setAttribute('data-stop', at)
    all.length`)
  for (let press = 0; press < wanted + 20; press++) {
    await page.keyboard.press('Tab')
    await page.evaluate(`document.activeElement.removeAttribute('data-stop')`)
  }
  const missed = await page.evaluate(
    `[...document.querySelectorAll('[data-stop]')].map((one) => one.outerHTML.slice(0, 120))`,
  )
  assert.deepEqual(missed, [])
})

test('what is chosen is said to screen readers', { skip }, async (t) => {
  const page = await openView(t, [pid])
  await page.locator('.scroller').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  const said = page.getByRole('status')
  await said.filter({ hasText: 'resident' }).waitFor({ state: 'attached' })
  assert.match((await said.textContent())!, /\d+[KM], .* resident, [r-][w-][x-][sp], [0-9a-f]+-[0-9a-f]+/)
})

for (const [width, height] of [
  [320, 640],
  [3840, 2160],
] as const) {
  test(`the page fits a screen of ${width} by ${height}`, { skip }, async (t) => {
    const page = await openView(t, [pid], { viewport: { width, height } })
    assert.deepEqual(await tooWide(page), [], 'the address space')
    await page.getByRole('button', { name: 'Playground' }).click()
    await page.locator('.play').waitFor()
    assert.deepEqual(await tooWide(page), [], 'the playground')
    const sizes = await page.evaluate<[string, number][]>(
      `[...document.querySelectorAll('button')].map((one) => [one.textContent, one.getBoundingClientRect().height])`,
    )
    for (const [text, tall] of sizes) assert.ok(tall >= 24, `${text} is ${tall} pixels tall`)
  })
}

/** What makes the whole page scroll sideways. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`
    const { scrollWidth, clientWidth } = document.documentElement
    const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
    scrollWidth <= clientWidth ? [] : [String(scrollWidth), ...wide.slice(0, 5).map((one) => one.outerHTML.slice(0, 120))]`)
}

test('no two kinds or states look alike without their colour: another texture, or lightness that differs by a fifth at least', () => {
  for (const paints of [KIND_PAINT, CLASS_PAINT]) {
    const all = Object.entries(paints)
    for (const scheme of ['light', 'dark'] as const) {
      for (const [at, [name, paint]] of all.entries()) {
        for (const [other, second] of all.slice(at + 1)) {
          if (paint.texture !== second.texture) continue
          const difference = Math.abs(lightness(paint[scheme]) - lightness(second[scheme]))
          assert.ok(difference >= 0.2, `${scheme}: ${name} and ${other} differ by ${difference.toFixed(2)}`)
        }
      }
    }
  }
})

/** L* of CIELAB, from 0 to 1. */
function lightness(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  return (luminance <= 0.008856 ? 903.3 * luminance : 116 * Math.cbrt(luminance) - 16) / 100
}
