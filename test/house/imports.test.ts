import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apart, exceptions, floors, rooms } from './rooms.js'
import { roomOf, type SourceFile, sourceFiles } from './source-tree.js'

const files = sourceFiles()
const known = new Set(files.map(({ path }) => path))

test('each file is in a room that the rule knows, on a floor that it knows', () => {
  for (const { path } of files) {
    const room = roomOf(path)
    if (room === undefined) continue
    assert.ok(room in rooms, `src/${path}: the rule has no room ${room}`)
    assert.notEqual(floorOf(path), -1, `src/${path}: the rule has no such floor in ${room}`)
  }
})

test('each import within the sources names a file', () => {
  const missing = files.flatMap(({ path, imports }) =>
    imports.filter(({ target }) => isFile(target) && !known.has(target)).map(({ target }) => `${path} -> ${target}`),
  )
  assert.deepEqual(missing, [])
})

test('a room imports only the rooms that the rule lists for it, by type as well as at run time', () => {
  const wrong = files.flatMap((file) =>
    file.imports.filter(({ target }) => !allowed(file, target)).map(({ target }) => `${file.path} -> ${target}`),
  )
  assert.deepEqual(wrong.filter((pair) => !(pair in exceptions)).sort(), [])
  assert.deepEqual(
    Object.keys(exceptions).filter((pair) => !wrong.includes(pair)),
    [],
    'exceptions that are not needed any more',
  )
})

test('no files import each other in a circle at run time', () => {
  const graph = new Map(files.map(({ path, imports }) => [path, runTime(imports)]))
  assert.deepEqual(circlesIn(graph), [])
})

test('no rooms import each other in a circle, types included', () => {
  const graph = new Map<string, string[]>()
  for (const { path, imports } of files) {
    const room = roomOf(path)
    if (room === undefined) continue
    const others = imports
      .map(({ target }) => roomOf(target))
      .filter((other) => other !== undefined && other in rooms && other !== room)
    graph.set(room, [...new Set([...(graph.get(room) ?? []), ...(others as string[])])])
  }
  assert.deepEqual(circlesIn(graph), [])
})

function runTime(imports: SourceFile['imports']): string[] {
  return imports.filter(({ typeOnly, dynamic }) => !typeOnly && !dynamic).map(({ target }) => target)
}

function allowed({ path }: SourceFile, target: string): boolean {
  const room = roomOf(path)
  if (room === undefined || !isFile(target)) return true
  if (
    apart.some(
      ([one, other]) => (within(path, one) && within(target, other)) || (within(path, other) && within(target, one)),
    )
  )
    return false
  const other = roomOf(target)
  if (other === room) return floorOf(target) <= floorOf(path)
  return rooms[room]?.includes(other ?? 'beside') ?? true
}

function isFile(target: string): boolean {
  return /\.tsx?$/.test(target)
}

function within(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`)
}

/** 0 in a room that has no floors. */
function floorOf(path: string): number {
  const [room, ...rest] = path.split('/')
  const order = floors[room!]
  if (order === undefined) return 0
  return order.indexOf(rest.length === 1 ? '.' : rest[0]!)
}

/** The groups of nodes that reach each other (Tarjan), with more than one node or an edge to itself. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = []
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const visit = (node: string): void => {
    order.set(node, order.size)
    low.set(node, order.get(node)!)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!graph.has(next)) continue
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, low.get(next)!))
    }
    if (low.get(node) !== order.get(node)) return
    const group = stack.splice(stack.indexOf(node))
    if (group.length > 1 || graph.get(node)?.includes(node)) found.push(group.sort())
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}
