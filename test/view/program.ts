// A program whose memory a test changes while it is watched.
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after } from 'node:test'
import { root } from '../support/root.js'

const SOURCE = `
import { map, mapMut, memfd, pageSize } from 'vmarea'
import { createInterface } from 'node:readline'
const held = new Map()
const actions = {
  file: (name, path) => held.set(name, map({ file: path })),
  // Of a file, so that the kernel does not merge it with a neighbour.
  memory: (name, pages) => held.set(name, mapMut({ file: memfd(name, { size: Number(pages) * pageSize() }) })),
  write: (name, page) => { held.get(name).bytes[Number(page) * pageSize()] = 65 },
  protect: (name) => held.set(name, held.get(name).makeReadOnly()),
  unmap: (name) => held.get(name).unmap(),
}
console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [action, name, ...rest] = line.split(' ')
  actions[action](name, rest.join(' '))
  console.log(action === 'unmap' ? 'done' : held.get(name).start.toString(16))
}
`

const programs: ChildProcess[] = []
after(() => {
  for (const child of programs) child.kill('SIGKILL')
})

/** A running program that maps and unmaps as it is bidden. */
export interface Program {
  readonly pid: number
  /** Does a thing (`memory NAME PAGES`, `file NAME PATH`, `write NAME PAGE`, `protect NAME`, `unmap NAME`); resolves with the address. */
  readonly act: (line: string) => Promise<string>
  readonly kill: () => void
}

/** Starts the program. It ends with the test file. */
export async function startProgram(): Promise<Program> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SOURCE], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  programs.push(child)
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  await lines.next()
  return {
    pid: child.pid!,
    act: async (line) => {
      child.stdin!.write(`${line}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error(`the program ended at: ${line}`)
      return value
    },
    kill: () => child.kill('SIGKILL'),
  }
}
