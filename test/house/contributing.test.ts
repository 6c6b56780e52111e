import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/root.js'
import { drawHouse } from './draw-house.js'
import { floors, rooms } from './rooms.js'

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

test('every folder of a room with floors stands in the rule', () => {
  for (const [room, order] of Object.entries(floors)) {
    const folders = readdirSync(join(root, 'src', room), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    assert.deepEqual(
      folders.map(({ name }) => name).filter((name) => !order.includes(name)),
      [],
      room,
    )
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
