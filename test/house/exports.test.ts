import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { publicExports } from './public-exports.js'

const list = join(root, 'test/house/exports.txt')

/** Each entry point of package.json with what it exports. */
function currentList(): string {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string>
  }
  const parts: string[] = []
  for (const [entry, file] of Object.entries(exports)) {
    if (!file.endsWith('.js')) continue
    parts.push(`==== ${entry.replace(/^\./, 'vmarea')}`)
    for (const { name, declaration } of publicExports(join(root, file.replace(/\.js$/, '.d.ts')))) {
      parts.push(`---- ${name}`, declaration)
    }
  }
  return `${parts.join('\n')}\n`
}

// A change of the public API is made on purpose: run with UPDATE_EXPORTS=1, review the difference of the list, and commit it.
test('the exports of the package and their signatures are those of the committed list', () => {
  const current = currentList()
  if (process.env.UPDATE_EXPORTS === '1') writeFileSync(list, current)
  assert.equal(current, readFileSync(list, 'utf8'))
})
