// Plain JavaScript of Node 20 has no `using`: what a class does at its end has a name as well.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'

const NAMES = /^ {4}(?:readonly )?(close|release|unmap|exit)[(:]/m

test('every exported class that `using` ends has a plain method for that', () => {
  const text = readFileSync(join(root, 'test', 'house', 'exports.txt'), 'utf8')
  const classes = [...text.matchAll(/^(?:export )?(?:declare )?(?:abstract )?class (\w+)[^\n]*\{\n(.*?)^\}/gms)]
  const disposable = classes.filter(([, , members]) => /^ {4}\[Symbol\.(asyncDispose|dispose)\]\(/m.test(members!))
  assert.ok(disposable.length > 8, String(disposable.length))
  for (const [, name, members] of disposable) assert.match(members!, NAMES, `${name} has none`)
})
