// The playground in a real Chromium.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../cli/run.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { newPage, openView, skipWithoutChromium } from './browser.js'

const skip = skipWithoutChromium

test('a lesson is stepped through by the keyboard, with the memory before and after each call', { skip }, async (t) => {
  const page = await openView(t, [])
  for (let call = 0; call < 3; call++) await page.keyboard.press('ArrowRight')
  await page.locator('.effects', { hasText: 'decided by mprotect_fixup' }).waitFor()
  const after = page.getByRole('list', { name: 'after' }).getByRole('listitem')
  const before = page.getByRole('list', { name: 'before' }).getByRole('listitem')
  assert.deepEqual([await before.count(), await after.count()], [2, 4])
  assert.equal(await page.locator('.box.new').count(), 3)
  assert.match(
    await page.locator('.effects').innerText(),
    /split .* 1 area became 3 areas vma_modify_flags → __split_vma/,
  )
  await page.keyboard.press('ArrowLeft')
  await page.locator('.effects', { hasText: 'mmap_region' }).waitFor()
  assert.match(page.url(), /step=2/)
  await page.reload()
  await page.locator('.steps .tools', { hasText: '2 of 10' }).waitFor()
})

test('a call is made, undone, and kept in the address', { skip }, async (t) => {
  const page = await openView(t, [])
  await page.getByLabel('One more call').fill('munmap(a, 8K)')
  await page.keyboard.press('Enter')
  await page.locator('.steps .tools', { hasText: '11 of 11' }).waitFor()
  await page.locator('.effects li.unmapped').first().waitFor()
  await page.reload()
  await page.locator('.effects h2', { hasText: 'munmap(a, 8K)' }).waitFor()
  await page.getByLabel('Calls, one a line').fill('a = mmap(NULL, 4K, PROT_READ, MAP_PRIVATE, -1, 0)\n<b>no call</b>')
  await page.locator('.calls .error', { hasText: 'EBADF' }).waitFor()
  await page.locator('.calls .wrong', { hasText: 'not understood' }).waitFor()
  assert.equal(await page.locator('.calls b').count(), 0)
  await page.getByRole('button', { name: 'Undo the edit' }).click()
  await page.locator('.steps .tools', { hasText: '2 of 11' }).waitFor()
  await page.getByRole('button', { name: 'The lesson as it was' }).click()
  await page.locator('.steps .tools', { hasText: '0 of 10' }).waitFor()
})

test("a teacher's lessons come from a folder, and go along in one file", { skip }, async (t) => {
  const folder = join(temporaryFolder, 'course')
  mkdirSync(folder)
  writeFileSync(join(folder, 'one.txt'), '# Lesson <i>one</i>\nc = fork()\nc: load(0)\n')
  writeFileSync(join(folder, 'notes.md'), 'no lesson')
  const html = join(temporaryFolder, 'course.html')
  assert.equal(run('view', '--lessons', folder, '--html', html).code, 0)
  const page = await newPage(t)
  await page.goto(`file://${html}`)
  assert.deepEqual(await page.getByLabel('Lesson').locator('option').allInnerTexts(), ['Lesson <i>one</i>'])
  await page.getByRole('button', { name: 'End' }).click()
  await page.getByRole('region', { name: 'Memory of c' }).waitFor()
  await page.locator('.calls .signal', { hasText: 'SIGSEGV' }).waitFor()
  assert.match(run('view', '--lessons', join(folder, 'none')).err, /can't read the folder/)
})
