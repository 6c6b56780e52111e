import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { filesIn } from './source-tree.js'

const MOST_FILES = 30
const MOST_LINES = { '.ts': 350, '.tsx': 350, '.cc': 300, '.h': 300 } as const
/** A test file says more: a list of cases stays in one place. */
const MOST_LINES_OF_A_TEST = 600

/** What is longer for now, in lines. The list only gets shorter. */
const longer: Readonly<Record<string, number>> = {}
/** Folders with more files for now. */
const fuller: Readonly<Record<string, number>> = {}

test(`a folder of the sources and the tests has at most ${MOST_FILES} files`, () => {
  const counts = new Map<string, number>()
  for (const path of [...sources(), ...tests()]) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
  for (const [folder, count] of counts) {
    assert.ok(count <= (fuller[folder] ?? MOST_FILES), `${folder} has ${count} files`)
  }
})

test('a file has at most 350 lines of TypeScript or 300 of C++', () => {
  for (const path of sources()) {
    const lines = readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length
    const most = MOST_LINES[path.slice(path.lastIndexOf('.')) as keyof typeof MOST_LINES]
    assert.ok(lines <= (longer[path] ?? most), `${path} has ${lines} lines`)
  }
})

test(`a test file has at most ${MOST_LINES_OF_A_TEST} lines`, () => {
  for (const path of tests()) {
    const lines = readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length
    assert.ok(lines <= MOST_LINES_OF_A_TEST, `${path} has ${lines} lines`)
  }
})

// What has more parts takes one record, so that a caller names each.
test('a constructor takes at most five parts', () => {
  for (const path of sources().filter((name) => /\.tsx?$/.test(name))) {
    for (const [, parameters] of readFileSync(join(root, path), 'utf8').matchAll(/\bconstructor\(([\s\S]*?)\) \{/g)) {
      const outer = parameters!.replaceAll(/\{[^{}]*\}|<[^<>]*>|\([^()]*\)|\[[^[\]]*\]/g, '')
      const parts = outer.split(',').filter((part) => part.trim() !== '')
      assert.ok(parts.length <= 5, `${path}: a constructor with ${parts.length} parts`)
    }
  }
})

// Swap and guests stand on these rooms: what serves memory without a device has to be short, and needs nothing of devices.
test('serving plain memory takes less than 150 lines over pager/source and paging/', () => {
  const text = readFileSync(join(root, 'test/pager/support/plain-memory.ts'), 'utf8')
  assert.ok(text.trimEnd().split('\n').length < 150)
  const imports = [...text.matchAll(/from '#vmarea\/([^']+)'/g)].map(([, name]) => name!)
  const allowed = /^(pager\/source|paging|kernel|vocabulary|linux\/userfaultfd|userfaultfd)\//
  assert.deepEqual(
    imports.filter((name) => !allowed.test(name)),
    [],
  )
})

function sources(): string[] {
  return [
    ...['.ts', '.tsx'].flatMap((ending) => filesIn('src', ending)).map((name) => `src/${name}`),
    ...['.cc', '.h'].flatMap((ending) => filesIn('native', ending)).map((name) => `native/${name}`),
  ]
}

function tests(): string[] {
  return filesIn('test', '.ts').map((name) => `test/${name}`)
}
