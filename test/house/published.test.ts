import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { filesIn } from './source-tree.js'

/** The modules that a compiled test imports, itself among them, and the names of what it imports of the library. */
function reach(path: string, seen: Set<string>, library: Set<string>): void {
  if (seen.has(path)) return
  seen.add(path)
  const text = readFileSync(join(root, 'test-dist', path), 'utf8')
  for (const [, from, bare] of text.matchAll(/^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|^import '([^']+)'/gm)) {
    const name = (from ?? bare)!
    const target = name.startsWith('.') ? normalize(join(dirname(path), name)) : name
    if (target.startsWith('published/')) library.add('published')
    // Numbers alone.
    else if (/^#vmarea\/vocabulary\/(map|prot|madv|mremap)\.js$/.test(target)) continue
    else if (/^#?vmarea\b/.test(target)) library.add('compiled')
    else if (name.startsWith('.')) reach(target, seen, library)
  }
}

test('no test loads the library both as it is published and as compiled modules', () => {
  const wrong = filesIn('test-dist', '.test.js').filter((path) => {
    const library = new Set<string>()
    reach(path, new Set(), library)
    return library.size > 1
  })
  assert.deepEqual(wrong, [])
})
