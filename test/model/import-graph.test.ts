import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
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
  assert.deepEqual(foreign, [])
  assert.ok(seen.size > 50)
})

// From the ground up. What stands between two rooms, beside them in dist, puts them together: only what is above may import it.
const floors = [
  ['vocabulary'],
  ['kernel', 'stores'],
  ['linux', 'model'],
  ['mapping', 'mm', 'userfaultfd'],
  ['pager', 'snapshot'],
  ['device'],
  ['devices'],
  ['conformance', 'cli'],
]

test('a room imports only from rooms below it', () => {
  const floorOf = (room: string) => floors.findIndex((rooms) => rooms.includes(room))
  const upward: string[] = []
  for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const [room, ...inside] = name.split(sep)
    if (inside.length === 0 || !/\.(js|d\.ts)$/.test(name)) continue
    assert.notEqual(floorOf(room!), -1, `${room} is a room without a floor`)
    for (const imported of importsOf(join(dist, name))) {
      if (!imported.startsWith('.')) continue
      const [other, ...rest] = relative(dist, join(dist, dirname(name), imported)).split(sep)
      if (other === room) continue
      const floor = rest.length === 0 ? floorOf('devices') : floorOf(other!)
      if (floor >= floorOf(room!)) upward.push(`${name}: ${imported}`)
    }
  }
  assert.deepEqual(upward, [])
})

function importsOf(file: string): string[] {
  const statements = readFileSync(file, 'utf8').matchAll(/^(?:import|export)(?: [^;'"]* from)? ['"]([^'"]+)['"]/gm)
  return [...statements].map(([, name]) => name!)
}
