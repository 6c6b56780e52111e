import assert from 'node:assert/strict'
import { test } from 'node:test'
import { workerArguments } from '#vmarea/pager/thread/worker-arguments.js'

test("a pager's thread is started with what finds its driver, and with no program", () => {
  const given = [
    '--expose-gc',
    '--import',
    './loader.mjs',
    '-e',
    'throw 1',
    '-C',
    'development',
    '--max-old-space-size=64',
  ]
  assert.deepEqual(workerArguments(given), ['--import', './loader.mjs', '-C', 'development'])
  const flags = [
    '--input-type=module',
    '--experimental-strip-types',
    '--loader=./a.mjs',
    '--enable-source-maps',
    '--test',
  ]
  assert.deepEqual(workerArguments(flags), ['--experimental-strip-types', '--loader=./a.mjs', '--enable-source-maps'])
})
