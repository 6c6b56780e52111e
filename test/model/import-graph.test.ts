import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const dist = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'dist')

test('nothing that the model and the conformance suite import is a module of Node', () => {
  const seen = new Set<string>()
  const foreign: string[] = []
  const visit = (file: string) => {
    if (seen.has(file)) return
    seen.add(file)
    for (const name of importsOf(file)) {
      if (name.startsWith('.')) visit(join(dirname(file), name))
      else foreign.push(`${file}: ${name}`)
    }
  }
  visit(join(dist, 'model.js'))
  visit(join(dist, 'conformance.js'))
  // What the store that compresses nothing loads.
  visit(join(dist, 'stores', 'memory', 'memory-store.js'))
  visit(join(dist, 'stores', 'memory', 'memory-store-module.js'))
  assert.deepEqual(foreign, [])
  assert.ok(seen.size > 50)
})

function importsOf(file: string): string[] {
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?: [^;'"]* from)? ['"]([^'"]+)['"]/gm)
  return [...statements].map(([, name]) => name!)
}
