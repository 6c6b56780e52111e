import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { filesIn } from './source-tree.js'

const files = ['.cc', '.h'].flatMap((ending) => filesIn('native', ending))

test('folders of native/ include each other in no circle', () => {
  const graph = new Map<string, Set<string>>()
  for (const path of files) {
    const folder = path.slice(0, path.indexOf('/'))
    for (const included of includesOf(path)) {
      assert.ok(files.includes(included), `native/${path} includes ${included}, which is no path from native/`)
      const other = included.slice(0, included.indexOf('/'))
      if (other !== folder) graph.set(folder, (graph.get(folder) ?? new Set()).add(other))
    }
  }
  // Takes away the folders that include no other one until none is left: what stays is in a circle, or above one.
  for (let taken = true; taken; ) {
    taken = false
    for (const [folder, others] of graph) {
      for (const other of others) if (!graph.has(other)) others.delete(other)
      if (others.size > 0) continue
      graph.delete(folder)
      taken = true
    }
  }
  assert.deepEqual(Object.fromEntries([...graph].map(([folder, others]) => [folder, [...others]])), {})
})

function includesOf(path: string): string[] {
  const text = readFileSync(join(root, 'native', path), 'utf8')
  return [...text.matchAll(/^#include "([^"]+)"/gm)].map(([, name]) => name!)
}
