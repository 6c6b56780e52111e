// The pictures of the README and of docs/viewing.md, which the tour names: made at each run of the tests, and compared with those that are kept.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { skipWithoutChromium } from './browser.js'

/** What a picture of the docs may take. */
const MOST_BYTES = 160 * 1024

test('the pictures of the docs are made from the page, are small, and are as large as those that are kept', {
  skip: skipWithoutChromium,
}, () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'picture.js'), temporaryFolder], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  for (const name of ['viewing.png', 'playground.png']) {
    const [made, kept] = [readFileSync(join(temporaryFolder, name)), readFileSync(join(root, 'docs', name))]
    for (const picture of [made, kept]) assert.ok(picture.length < MOST_BYTES, `${name} has ${picture.length} bytes`)
    assert.deepEqual(sizeOf(made), sizeOf(kept), name)
  }
})

/** Width and height, from the head of a PNG. */
function sizeOf(picture: Buffer): [number, number] {
  assert.equal(picture.toString('latin1', 1, 4), 'PNG')
  return [picture.readUInt32BE(16), picture.readUInt32BE(20)]
}
