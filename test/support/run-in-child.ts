import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { patient } from './patient.js'
import { root } from './root.js'

export interface ChildResult {
  readonly code: number | null
  /** `SIGKILL` where the time was up. */
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface ChildOptions {
  /** Given to the snippet as `process.argv.slice(1)`. */
  readonly args?: readonly string[]
  /** Flags for node. */
  readonly flags?: readonly string[]
  /** A command that runs node, with its arguments: `['setpriv', '--reuid=1000', …]`. */
  readonly through?: readonly string[]
  /** Milliseconds, which only a child that hangs should ever take: a machine under load has room in it. */
  readonly timeout?: number
  /** Whether the snippet imports `#vmarea/…`, and so requires the compiled modules for the library. */
  readonly compiled?: boolean
}

/** Bundled, as it is published: a process loads it in half the time that the compiled modules take. */
const published = new URL('../published/', import.meta.url).href
const compiled = new URL('../../dist/', import.meta.url).href

const prelude = (library: string) => `
const library = '${library}'
import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import { Worker, isMainThread } from 'node:worker_threads'
import * as vmarea from '${library}index.js'
const {
  mapNone, map, mapExec, mapMut, mapExecMut, reserveNone, reserve, reserveMut, memfd, thisProcess,
  Mmap, MmapMut, MmapNone, MemoryFault, UsageError, VmError,
} = vmarea
const page = vmarea.pageSize()
const args = process.argv.slice(1)
const turn = () => new Promise((resolve) => setImmediate(resolve))
const turns = async (count = 20) => { for (let i = 0; i < count; i++) await turn() }
/** Lets other threads run, where turns would take the processor from them. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 3))
const settle = async (count = 6) => { for (let i = 0; i < count; i++) { globalThis.gc(); await turns(4) } }
// Collects garbage meanwhile. The deadline is there so that what never comes fails with a name.
const until = async (what, done) => {
  const end = performance.now() + ${patient(60_000)}
  for (let late = false; !done(); late = performance.now() > end) {
    if (late) assert.fail('never came: ' + (typeof what === 'string' ? what : what()))
    await settle(1)
    await pause()
  }
}
process.removeAllListeners('warning')
// It may end before anyone asks for its end.
const ends = new Map()
const startWorker = (source, workerData, options) => {
  const url = new URL('data:text/javascript,' + encodeURIComponent(workerPrelude + source))
  const worker = new Worker(url, { workerData, ...options })
  ends.set(worker, new Promise((resolve) => worker.once('exit', resolve)))
  return worker
}
const workerPrelude = \`
  import assert from 'node:assert/strict'
  import * as fs from 'node:fs'
  import { parentPort, workerData } from 'node:worker_threads'
  import * as vmarea from '${library}index.js'
  const { map, mapMut, mapNone, reserveMut, memfd, thisProcess, MemoryFault } = vmarea
  const page = vmarea.pageSize()
  process.removeAllListeners('warning')
\`
const nextMessage = (worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
const exited = (worker) => ends.get(worker)
`

/**
 * Runs a snippet of a module in a process of its own. It has the package's functions in scope, `library`, the URL of the folder of its
 * entry points, `assert`, `fs`, `page`, `args`, `until`, and `startWorker`, whose source has about the same.
 */
export function runInChild(source: string, options: ChildOptions = {}): Promise<ChildResult> {
  const { args = [], flags = [], through = [], timeout = 120_000, compiled: isCompiled = false } = options
  const command = [...through, process.execPath, '--expose-gc', ...flags, '--input-type=module', '--eval']
  const program = `${prelude(isCompiled ? compiled : published)}\n${source}`
  const child = spawn(command[0]!, [...command.slice(1), program, '--', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), patient(timeout))
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

/** Runs a snippet that must come to its end and leave the process alive. Returns what it printed before. */
export async function survives(source: string, options: ChildOptions = {}): Promise<string> {
  const result = await runInChild(`${source}\nconsole.log('alive')`, options)
  assert.deepEqual(
    { code: result.code, signal: result.signal, alive: result.stdout.endsWith('alive\n') },
    { code: 0, signal: null, alive: true },
    `the child did not live:\n${result.stdout}\n${result.stderr}`,
  )
  return result.stdout.slice(0, -'alive\n'.length)
}
