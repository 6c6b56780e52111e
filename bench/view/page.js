import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { paired } from '../support/paired.js'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const PAGE = 4096

/** The page of `vmarea view` in Chromium: how long its main thread is busy, as the browser counts it. */
export async function run() {
  const path = spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim()
  if (path === '') {
    console.log('no Chromium here: the page is not measured')
    return []
  }
  const folder = mkdtempSync(join(tmpdir(), 'vmarea-bench-'))
  const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] })
  try {
    return [
      size(),
      ...(await manyAreas(browser, folder)),
      ...(await manyPages(browser)),
      ...(await recording(browser, folder)),
      ...(await live(browser)),
    ]
  } finally {
    await browser.close()
    rmSync(folder, { recursive: true })
  }
}

function size() {
  const read = (name) => readFileSync(new URL(`../../dist/view/page/${name}`, import.meta.url))
  const bytes = gzipSync(Buffer.concat([read('page.js'), read('page.css')])).length
  return row('size of the page, gzip', `${(bytes / 1024).toFixed(1)} KiB`, bytes / 1024 / 200, '<= 200 KiB')
}

async function manyAreas(browser, folder) {
  const file = join(folder, 'areas.json')
  const areas = Array.from({ length: 50_000 }, (_, at) => area(at))
  writeFileSync(file, JSON.stringify({ ...header(), areas }))
  const { page, metrics, stop } = await open(browser, file)
  const first = await page.evaluate(() => globalThis.benchFirst - globalThis.benchData)
  const frames = await page.evaluate(async () => {
    const canvas = document.querySelector('.overview-canvas')
    const box = canvas.getBoundingClientRect()
    const at = { clientX: box.left + 20, clientY: box.top + 100, bubbles: true, cancelable: true }
    globalThis.benchLongest = 0
    globalThis.benchMove = async (count) => {
      const began = performance.now()
      for (let frame = 0; frame < count; frame++) {
        canvas.dispatchEvent(
          new WheelEvent('wheel', { ...at, deltaY: frame % 40 < 20 ? -120 : 120, shiftKey: frame % 3 === 0 }),
        )
        await new Promise(requestAnimationFrame)
      }
      return (1000 * count) / (performance.now() - began)
    }
    await globalThis.benchMove(60)
    globalThis.benchLongest = 0
  })
  void frames
  const before = await metrics()
  const perSecond = await page.evaluate(() => globalThis.benchMove(240))
  const after = await metrics()
  const longest = await page.evaluate(() => globalThis.benchLongest)
  await stop()
  const busy = (1000 * (after - before)) / 240
  return [
    row('50,000 areas: first picture after the data', `${first.toFixed(0)} ms`, first / 1000, '<= 1 s'),
    row(
      `the same: panning and zooming (${perSecond.toFixed(0)} frames a second)`,
      `${busy.toFixed(2)} ms a frame`,
      busy / 8,
      '<= 8 ms',
    ),
    row('the same: longest task', longest === 0 ? 'under 50 ms' : `${longest.toFixed(0)} ms`, longest / 50, '<= 50 ms'),
  ]
}

async function manyPages(browser) {
  const { child, line } = await program(`
    const memory = mapMut({ length: ${1_000_000 * PAGE}, noReserve: true })
    for (let page = 0; page < 20_000; page += 2) memory.write(page * ${PAGE}, Uint8Array.of(1))
    console.log(memory.start.toString(16))`)
  const { page, metrics, stop } = await open(browser, String(child.pid))
  await page.fill('.find', line)
  await page.press('.find', 'Enter')
  await page.locator('.explain h3').waitFor()
  await page.locator('.scroller').press('Enter')
  await page.locator('.classes li').first().waitFor()
  await page.locator('.grid-canvas').focus()
  const before = await metrics()
  for (let press = 0; press < 20; press++) await page.keyboard.press(press % 2 ? '-' : '+')
  await page.evaluate(() => new Promise(requestAnimationFrame))
  const busy = (1000 * ((await metrics()) - before)) / 20
  await stop()
  child.kill()
  return [row('1,000,000 pages in a grid: redraw', `${busy.toFixed(1)} ms`, busy / 100, '<= 100 ms')]
}

async function recording(browser, folder) {
  const file = join(folder, 'hour.ndjson')
  const count = 1000
  const time = (at) => new Date(Date.UTC(2026, 0, 1) + at * 36).toISOString()
  const lines = [
    JSON.stringify({ ...header(), areas: count, list: Array.from({ length: count }, (_, at) => area(at)) }),
  ]
  for (let look = 1; look <= 100_000; look++) {
    const put = [area((look * 7919) % count, { usage: { rss: PAGE * (look % 3) } })]
    lines.push(JSON.stringify({ time: time(look), look: { gone: [], put } }))
  }
  writeFileSync(file, `${lines.join('\n')}\n`)
  const { page, metrics, stop } = await open(browser, file)
  const before = await metrics()
  await page.evaluate(async () => {
    const slider = document.querySelector('.scrub input')
    for (let step = 0; step < 200; step++) {
      slider.value = String((step * 48_271) % 100_000)
      slider.dispatchEvent(new Event('input', { bubbles: true }))
      await new Promise(requestAnimationFrame)
    }
  })
  const busy = (1000 * ((await metrics()) - before)) / 200
  await stop()
  return [row('an hour with 100,000 changes: scrubbing', `${busy.toFixed(1)} ms a step`, busy / 16, '<= 16 ms')]
}

async function live(browser) {
  const { child, lines } = await program(`
    const areas = Array.from({ length: 1000 }, (_, at) => at % 2 ? mapMut({ length: ${PAGE} }) : map({ length: ${PAGE} }))
    console.log('ready')
    const loop = (milliseconds) => {
      let count = 0
      for (const end = performance.now() + milliseconds; performance.now() < end; count++) mapMut({ length: ${64 * PAGE} }).unmap()
      return Math.round(1000 * count / milliseconds)
    }
    process.stdin.on('data', (text) => {
      const [what, value] = String(text).trim().split(' ')
      if (what === 'loop') console.log(loop(Number(value)))
      else {
        areas.push(map({ file: value }))
        console.log(Date.now())
      }
    })`)
  const loop = async (milliseconds = 1000) => {
    child.stdin.write(`loop ${milliseconds}\n`)
    return Number((await lines.next()).value)
  }
  await loop()
  const { page, stop, server } = await open(browser, String(child.pid))
  const shown = []
  for (const file of ['/etc/passwd', '/etc/group', '/etc/hosts', '/etc/services', '/etc/protocols']) {
    await page.fill('.find', file)
    const seen = page.evaluate(
      (name) =>
        new Promise((resolve) => {
          const look = () =>
            [...document.querySelectorAll('.row .name')].some((one) => one.textContent.includes(name))
              ? resolve(Date.now())
              : requestAnimationFrame(look)
          look()
        }),
      file,
    )
    child.stdin.write(`map ${file}\n`)
    const mapped = Number((await lines.next()).value)
    shown.push((await seen) - mapped)
  }
  const ticks = () =>
    readFileSync(`/proc/${server}/stat`, 'latin1')
      .split(') ')[1]
      .split(' ')
      .slice(11, 13)
      .reduce((sum, value) => sum + Number(value), 0)
  const [usedBefore, at] = [ticks(), performance.now()]
  // Ticks are of 10 ms: a few seconds of them.
  for (let second = 0; second < 5; second++) await loop()
  const used = ((ticks() - usedBefore) * 10) / (performance.now() - at)
  // In turn, because the machine's speed drifts. In two seconds usage is read once; a stopped server reads nothing.
  const during = async (signal) => {
    process.kill(server, signal)
    return loop(2000)
  }
  const { ratio } = await paired(
    () => during('SIGCONT'),
    () => during('SIGSTOP'),
    15,
  )
  process.kill(server, 'SIGCONT')
  await stop()
  child.kill()
  const middle = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
  const slower = 100 * (1 - ratio)
  return [
    row('live: from a change to its picture, median', `${middle(shown)} ms`, middle(shown) / 250, '<= 250 ms'),
    row('live: mmap and munmap at 1,000 areas, watched', `${slower.toFixed(1)} % slower`, slower / 2, '<= 2 %'),
    row('live: the watcher', `${(100 * used).toFixed(1)} % of a core`, (100 * used) / 5, '<= 5 %'),
  ]
}

/** A page with the view, and the seconds of its main thread's tasks until now. */
async function open(browser, ...args) {
  const child = spawn(process.execPath, [main, 'view', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const { value: address, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  if (done) throw new Error(`vmarea view ${args.join(' ')} ended without an address: ${said}`)
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } })
  await page.addInitScript(() => {
    globalThis.benchLongest = 0
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries())
        globalThis.benchLongest = Math.max(globalThis.benchLongest, duration)
    }).observe({ type: 'longtask' })
    const look = () => {
      if (document.querySelector('.row:not(.head)') === null) return requestAnimationFrame(look)
      requestAnimationFrame(() => {
        globalThis.benchFirst = performance.now()
        globalThis.benchData = performance.getEntriesByName(`${location.origin}/boot`)[0]?.responseEnd ?? 0
      })
    }
    requestAnimationFrame(look)
  })
  await page.goto(address)
  await page.waitForFunction(() => globalThis.benchFirst !== undefined)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const metrics = async () => {
    const found = await session.send('Performance.getMetrics')
    return found.metrics.find(({ name }) => name === 'TaskDuration').value
  }
  return {
    page,
    metrics,
    server: child.pid,
    stop: async () => {
      await page.close()
      child.kill()
    },
  }
}

async function program(source) {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { map, mapMut } from 'vmarea'\nsetInterval(() => {}, 1e6)\n${source}`],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const { value } = await lines.next()
  return { child, lines, line: value }
}

function header() {
  return { version: 1, pid: 7, time: '2026-01-01T00:00:00.000Z', kernel: '6.18.0', pageSize: PAGE }
}

function area(at, more = {}) {
  return {
    start: `0x${(0x10_0000 + at * 4 * PAGE).toString(16)}`,
    end: `0x${(0x10_0000 + (at * 4 + 2) * PAGE).toString(16)}`,
    permissions: at % 3 ? 'rw-p' : 'r--p',
    flags: ['rd', 'mr', 'mw', 'me'],
    offset: '0x0',
    device: '00:00',
    inode: '0',
    path: '',
    deleted: false,
    usage: { rss: PAGE },
    ...more,
  }
}

function row(work, measured, ratio, target) {
  return { work, measured, floor: target.replace('<= ', ''), ratio, target: '<= 1' }
}
