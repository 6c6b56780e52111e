// The case output-on-a-full-disk: what the command prints can't be written.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { test } from 'node:test'
import { MAIN } from '../cli/run.js'

const missing = !fs.existsSync('/dev/full') && 'there is no /dev/full'

for (const line of [
  ['maps', 'self'],
  ['maps', 'self', '--json'],
  ['doctor'],
  ['lookup', 'self', '0x400000'],
  ['--help'],
]) {
  test(`vmarea ${line.join(' ')} says so in a line, and fails`, { skip: missing }, () => {
    const full = fs.openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...line], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    fs.closeSync(full)
    assert.equal(status, 1, stderr)
    assert.match(stderr, /^vmarea: can't write the output: no space left on device\n$/)
  })
}

test('where nothing can be written at all, the exit code is left', { skip: missing }, () => {
  const full = fs.openSync('/dev/full', 'w')
  const { status, signal } = spawnSync(process.execPath, [MAIN, 'maps', 'self'], { stdio: ['ignore', full, full] })
  fs.closeSync(full)
  assert.deepEqual({ status, signal }, { status: 1, signal: null })
})
