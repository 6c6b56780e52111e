import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { filesIn } from './source-tree.js'

const MOST_FILES = 30
const MOST_LINES = { '.ts': 350, '.tsx': 350, '.cc': 300, '.h': 300 } as const

/** What is longer for now, in lines. The list only gets shorter. */
const longer: Readonly<Record<string, number>> = {
  'src/linux/areas/linux-address-space.ts': 379,
}
/** Folders with more files for now. */
const fuller: Readonly<Record<string, number>> = {}

test(`a folder of the sources has at most ${MOST_FILES} files`, () => {
  const counts = new Map<string, number>()
  for (const path of sources()) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
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

function sources(): string[] {
  return [
    ...['.ts', '.tsx'].flatMap((ending) => filesIn('src', ending)).map((name) => `src/${name}`),
    ...['.cc', '.h'].flatMap((ending) => filesIn('native', ending)).map((name) => `native/${name}`),
  ]
}
