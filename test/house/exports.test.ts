import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { publicExports } from './public-exports.js'

const list = join(root, 'test/house/exports.txt')

/** Each entry point of package.json with what it exports: a heading and the declaration. */
function currentExports(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string>
  }
  const parts: string[] = []
  for (const [entry, file] of Object.entries(exports)) {
    if (!file.endsWith('.js')) continue
    for (const { name, declaration } of publicExports(join(root, file.replace(/\.js$/, '.d.ts')))) {
      parts.push(`---- ${entry.replace(/^\./, 'vmarea')}: ${name}\n${declaration}\n`)
    }
  }
  return parts
}

// A change of the public API is made on purpose: run with UPDATE_EXPORTS=1, review the difference of the list, and commit it.
test('the exports of the package and their signatures are those of the committed list', () => {
  const current = currentExports()
  if (process.env.UPDATE_EXPORTS === '1') writeFileSync(list, current.join(''))
  const committed = readFileSync(list, 'utf8')
    .split(/^(?=---- )/m)
    .filter((part) => part !== '')
  const only = (these: readonly string[], those: readonly string[]) => these.filter((part) => !those.includes(part))
  assert.deepEqual({ added: only(current, committed), gone: only(committed, current) }, { added: [], gone: [] })
})
