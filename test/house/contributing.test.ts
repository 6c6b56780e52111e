import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { drawHouse } from './draw-house.js'
import { floors, rooms } from './rooms.js'
import { type SourceFile, sourceFiles } from './source-tree.js'

const path = join(root, 'CONTRIBUTING.md')
const existing = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

// After a change of test/house/rooms.ts: run with UPDATE_HOUSE=1, and review the drawing.
test('the drawing of the house in CONTRIBUTING shows the rooms and the arrows of the import rule', () => {
  const drawing = /(?<=<!-- house -->\n```\n)[\s\S]*?(?=\n```)/
  if (process.env.UPDATE_HOUSE === '1') {
    writeFileSync(path, readFileSync(path, 'utf8').replace(drawing, drawHouse()))
  }
  assert.equal(drawing.exec(readFileSync(path, 'utf8'))?.[0], drawHouse())
})

test('CONTRIBUTING says what each room of the rule is, and no other', () => {
  const table = /\| Room \|[^\n]*\n\|[^\n]*\n([\s\S]*?)\n\n/.exec(readFileSync(path, 'utf8'))![1]!
  const described = [...table.matchAll(/^\| `([a-z]+)\/`/gm)].map(([, name]) => name!)
  assert.deepEqual(described.sort(), Object.keys(rooms).sort())
  assert.deepEqual(
    existing.filter((name) => !(name in rooms)),
    [],
  )
})

test('CONTRIBUTING says what each folder of native is, and no other', () => {
  const section = /## Native code\n([\s\S]*?)\n## /.exec(readFileSync(path, 'utf8'))![1]!
  const rows = [...section.matchAll(/^\| (`native.*?) \|/gm)].map(([, names]) => names!)
  const described = rows.flatMap((names) => [...names.matchAll(/`native\/([a-z]+)\/`/g)].map(([, name]) => name!))
  const folders = readdirSync(join(root, 'native'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  assert.deepEqual(described.sort(), folders.map(({ name }) => name).sort())
})

test('the floors of a room are its folders, and no others', () => {
  for (const [room, order] of Object.entries(floors)) {
    const folders = readdirSync(join(root, 'src', room), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    assert.deepEqual(order.filter((name) => name !== '.').sort(), folders.sort(), room)
  }
})

test('every file that CONTRIBUTING names exists', () => {
  const names = [
    ...readFileSync(path, 'utf8').matchAll(/`((?:[\w.-]+\/)*(?!NAME)[\w.-]+\.(?:ts|cc|h|js|md|json|txt))`/g),
  ]
  const missing = names
    .map(([, name]) => name!)
    .filter((name) => !['', 'src', 'test'].some((folder) => existsSync(join(root, folder, name))))
  assert.ok(names.length > 40)
  assert.deepEqual(missing, [])
})

test("a device's fault passes at most eight files, each once, in the order of CONTRIBUTING", () => {
  const files = sourceFiles()
  const steps = /\*\*A device's fault:\*\*[\s\S]*?\n\n([\s\S]*?)\n\n/.exec(readFileSync(path, 'utf8'))![1]!
  const way = [...steps.matchAll(/`([\w./-]+\.ts)`/g)].map(([, name]) => name!)
  assert.ok(way.length >= 5 && way.length <= 8, `${way.length} files: ${way}`)
  assert.equal(new Set(way).size, way.length, 'a file is entered twice')
  // A file that imports none of those before it can reach them only by returning to them.
  const back = way.flatMap((name, index) =>
    reachableFrom(name, files)
      .filter((target) => way.slice(0, index).includes(target))
      .map((target) => `${name} -> ${target}`),
  )
  assert.deepEqual(back, [])
})

/** The files that a file imports at run time, and those that they import. */
function reachableFrom(name: string, files: readonly SourceFile[]): string[] {
  const found = new Set<string>()
  const visit = (at: string) => {
    for (const { target, typeOnly } of files.find((file) => file.path === at)?.imports ?? []) {
      if (typeOnly || found.has(target)) continue
      found.add(target)
      visit(target)
    }
  }
  visit(name)
  return [...found]
}
