import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { run } from './run.js'

test('the tour says where a picture of the page in the browser is', () => {
  const { out, err } = run('tour')
  const [, path] = /vmarea view PID\. A picture of it: (.+)\n$/.exec(out) ?? assert.fail(`${out}${err}`)
  // The signature of PNG.
  assert.equal(readFileSync(path!).subarray(0, 8).toString('latin1'), '\u0089PNG\r\n\u001a\n')
})
