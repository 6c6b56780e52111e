import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ERRNO } from '#vmarea/vocabulary/errno.js'
import { sourceFiles } from './source-tree.js'

test('error numbers stand in one table, ERRNO, and in no constant of another file', () => {
  const numbers = new Map(Object.entries(ERRNO).map(([name, [number]]) => [name, number as number]))
  const found: string[] = []
  for (const { path, text } of sourceFiles()) {
    if (path === 'vocabulary/errno.ts') continue
    for (const [line, name, value] of text.matchAll(/\b(E[A-Z0-9]+)\b(?::| =|: \w+ =) -?(\d+)\b/g)) {
      if (numbers.get(name!) === Number(value)) found.push(`${path}: ${line}`)
    }
  }
  assert.deepEqual(found, [])
})
