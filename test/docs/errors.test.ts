// The table of errors, the code that throws them and the tests that look for them name the same codes.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { mapMut, pageSize } from 'vmarea'
import { root } from '../support/root.js'
import { throwsUsage } from '../support/throws.js'

const page = readFileSync(join(root, 'docs', 'errors.md'), 'utf8')
const [ofSystem = '', ofMisuse = ''] = page.split('## `MemoryFault`')

/** The texts of a folder's modules but those of this folder. */
function textsOf(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('docs/') && name !== 'vocabulary/usage-error-code.ts')
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
    .join('\n')
}

const code = textsOf('src')
// The conformance suites are tests that the package brings along.
const tests = [textsOf('test'), textsOf('src/conformance')].join('\n')
/** Those of this file. */
const here = ['ERR_VMAREA_ATTRIBUTE_MISMATCH']

const misuses = [...ofMisuse.matchAll(/^\| `(ERR_VMAREA_\w+)`/gm)].map(([, name]) => name!)

test('every code of misuse in the table is thrown somewhere, and looked for by a test', () => {
  assert.ok(misuses.length > 30)
  for (const name of misuses) {
    // Comments name codes too, without quotes of JavaScript.
    assert.ok(code.includes(`'${name}'`), `nothing throws ${name}`)
    assert.ok(here.includes(name) || tests.includes(`'${name}'`), `no test looks for ${name}`)
  }
})

/** The kernel alone returns it, and to bring the whole machine's table of files to its end is nothing for a test. */
const untested = ['ENFILE']

test('every code of a system call in the table is looked for by a test', () => {
  const codes = [...ofSystem.matchAll(/^\| (`E[^|]*) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/`(E[A-Z]+)`/g)])
  assert.ok(codes.length > 25)
  for (const [, name] of codes) {
    if (untested.includes(name!)) continue
    assert.match(tests, new RegExp(`\\b${name}\\b`), `no test looks for ${name}`)
  }
})

test('merge refuses mappings that differ in their permission, and names it', () => {
  const size = pageSize()
  const head = mapMut({ length: 2 * size })
  const tail = head.splitOff(size).makeReadOnly()
  const message = /differ in their permission/
  throwsUsage(() => head.merge(tail as never), 'ERR_VMAREA_ATTRIBUTE_MISMATCH', message)
  head.merge(tail.makeMut())
  assert.equal(head.size, 2 * size)
  head.unmap()
})
