// The playground's programs on the running kernel beside the model.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { pageSize } from 'vmarea'
import { runOnKernel } from '#vmarea/cli/view/kernel/run-on-kernel.js'
import { ServedProcess } from '#vmarea/linux/play/served-process.js'
import { differencesOf } from '#vmarea/view/play/differences.js'
import { runProgram } from '#vmarea/view/play/run-program.js'
import { root } from '../support/root.js'
import { seed } from '../support/seed.js'
import { skipWithout } from '../userfaultfd/skip.js'
import { openView, skipWithoutChromium } from './browser.js'
import { randomProgram } from './random-program.js'

const folder = join(root, 'src', 'view', 'play', 'lessons')
const [major, minor] = release().split('.').map(Number) as [number, number]
/** The model is of Linux 6.18; guard pages came with 6.13. */
const skip = (major < 6 || (major === 6 && minor < 13)) && `Linux ${release()}, and the model is of a newer one`
const skipPages = pageSize() !== 4096 && 'pages are not of 4096 bytes'

/** The differences of each call, as text. */
function compared(text: string): { differences: string[]; known: number; calls: number; ended: string | null } {
  const { moments } = runProgram(text)
  const run = runOnKernel(text)
  const differences = run.moments.flatMap((moment, at) =>
    differencesOf(moments[at]!, moment, 4096).map(
      ({ what, process, model, kernel }) => `${moments[at]!.source}: ${process ?? ''} ${what}: ${model} / ${kernel}`,
    ),
  )
  return { differences, known: run.moments.length, calls: moments.length, ended: run.ended }
}

for (const name of readdirSync(folder)) {
  const needs = name.includes('userfaultfd') ? skipWithout('poison', 'pagefault_flag_wp') : false
  test(`the lesson ${name} does the same on both kernels`, { skip: skip || skipPages || needs }, () => {
    const { differences, known, calls, ended } = compared(readFileSync(join(folder, name), 'utf8'))
    assert.deepEqual(differences, [])
    if (name.includes('mixed-map')) assert.match(ended!, /line 3: the running kernel has no device/)
    else assert.deepEqual([known, ended], [calls, null])
  })
}

test('a random program of two processes does the same on both kernels', { skip: skip || skipPages }, () => {
  fc.assert(
    fc.property(randomProgram(30), (text) => {
      const { differences, known, calls, ended } = compared(text)
      assert.deepEqual(differences, [])
      assert.deepEqual([known, ended], [calls, null])
    }),
    { seed, numRuns: 4 },
  )
})

test('a program that breaks its own process gets an error, and the next program runs', { skip: skipPages }, () => {
  const { differences, known, ended } = compared(
    'a = mmap(NULL, 4K, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)\nmunmap(64K, 0x7fffffe00000)\nload(a)',
  )
  assert.deepEqual([differences, known, ended], [[], 1, 'line 2: its process has ended'])
  assert.equal(compared('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)\nload(a)').known, 2)
})

test('the process has no descriptor but its socket, no right to other system calls, and a gibibyte of memory', () => {
  using served = ServedProcess.start()
  const status = readFileSync(`/proc/${served.pid}/status`, 'utf8')
  // The first answer comes from behind the filter.
  assert.equal(served.load(0).kind, 'signal')
  assert.match(readFileSync(`/proc/${served.pid}/status`, 'utf8'), /^NoNewPrivs:\t1\nSeccomp:\t2$/m, status)
  const files = readdirSync(`/proc/${served.pid}/fd`).map((name) => readlinkSync(`/proc/${served.pid}/fd/${name}`))
  assert.deepEqual(
    files.filter((name) => name !== '/dev/null').map((name) => name.replace(/\d+/, 'N')),
    ['socket:[N]'],
  )
  const huge = served.call('mmap', [0, 2 ** 31, 3, 0x22, -1, 0])
  assert.deepEqual(huge.kind === 'done' && huge.result, -12)
})

test('the page highlights where the running kernel does otherwise', {
  skip: skipWithoutChromium || skipPages,
}, async (t) => {
  const page = await openView(t, ['--model'])
  const beside = page.getByRole('region', { name: 'On the running kernel' })
  await page.keyboard.press('ArrowRight')
  await beside.getByText('✓ the same: 0x6fffc000').waitFor()
  // The process has a gibibyte, and the model all that it asks for.
  const call = 'mmap(NULL, 250M, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)\n'
  await page.getByLabel('Calls, one a line').fill(call.repeat(6))
  await page.getByRole('button', { name: 'End' }).click()
  await beside.getByRole('row', { name: /the result 0x[0-9a-f]+ ENOMEM/ }).waitFor()
  await beside
    .getByRole('row', { name: /parent: the area at 0x[0-9a-f]+/ })
    .first()
    .waitFor()
  assert.ok((await page.locator('.calls .differs').count()) >= 2)
  await page.locator('.box.differs').waitFor()
  await page.getByLabel('Calls, one a line').fill('open("/dev/mixed")\nload(0)')
  await beside.getByText('Not known: line 1: the running kernel has no device').waitFor()
})
