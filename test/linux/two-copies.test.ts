// Several copies of the package in one process, as npm installs them for dependencies that require different versions: each has a handler
// of its own, and each handler knows the others as the one below itself. The case two-copies-of-the-package.
import { cpSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { root } from '../support/root.js'
import { survives } from '../support/run-in-child.js'
import { temporaryFile, temporaryFolder } from '../support/temporary-folder.js'

const copies = ['first', 'second'].map((name) => {
  const folder = join(temporaryFolder, name)
  cpSync(join(root, 'test-dist', 'published'), join(folder, 'dist'), { recursive: true })
  for (const part of ['build/vmarea.node', 'prebuilds', 'package.json']) {
    if (existsSync(join(root, part))) cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  return pathToFileURL(join(folder, 'dist', 'index.js')).href
})

const copiesOfThree = `
  const all = [vmarea, await import(${JSON.stringify(copies[0])}), await import(${JSON.stringify(copies[1])})]
  const [one, two, three] = all
  const touch = ({ map, MemoryFault }) => {
    fs.writeFileSync(args[0], Buffer.alloc(2 * page, 1))
    const mapping = map({ file: args[0] })
    fs.truncateSync(args[0], 0)
    assert.throws(() => mapping.access((bytes) => bytes[page]), (error) => error instanceof MemoryFault && error.reason === 'past-end-of-file')
    assert.throws(() => mapping.read(0, new Uint8Array(8)), MemoryFault)
    mapping.unmap()
    const readOnly = map({ length: page })
    assert.throws(() => readOnly.access((bytes) => { bytes[0] = 1 }), MemoryFault)
    readOnly.unmap()
  }
  // Each 64 maps a copy sees to it that its handler is in front.
  const goInFront = (copy) => { for (let count = 0; count < 64; count++) copy.mapMut({ length: page }).unmap() }
`

describe('several copies of the package', { concurrency: 2 }, () => {
  const holds = (title: string, source: string) =>
    test(title, async () => {
      await survives(`${copiesOfThree}; ${source}`, { args: [temporaryFile(0)] })
    })

  holds(
    'contain the faults of their own mappings, in whatever order their handlers stand',
    `for (const copy of all) copy.mapMut({ length: page })
    for (const front of [one, three, two, one, two, three, one]) {
      goInFront(front)
      for (const copy of all) touch(copy)
    }`,
  )
  holds(
    'contain them after a Worker has used one of them',
    `one.mapMut({ length: page })
    touch(two)
    const worker = startWorker('mapMut({ length: page })')
    await exited(worker)
    for (const copy of all) touch(copy)`,
  )
  holds(
    'leave the traps of WebAssembly to V8',
    `const { exports: { load } } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 6, 1, 96, 1, 127, 1, 127, 3, 2, 1, 0, 5, 3, 1, 0, 1,
      7, 8, 1, 4, 108, 111, 97, 100, 0, 0, 10, 9, 1, 7, 0, 32, 0, 40, 2, 0, 11,
    ])))
    for (const front of [one, two, three, one]) {
      goInFront(front)
      for (const copy of all) touch(copy)
      assert.throws(() => load(0x7fffffff), WebAssembly.RuntimeError)
    }`,
  )
})
