import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { GuestRegion } from '#vmarea/guests.js'
import { root } from '../support/root.js'

/** The part of a monitor's message that tests look at. */
export interface SentRegion {
  readonly base_host_virt_addr: number
  readonly size: number
  readonly offset: number
}

export interface CheckedPages {
  readonly good: number
  readonly zero: number
  readonly other: number
  readonly poisoned: number
}

/** A program that stands in for a virtual machine monitor: `monitor.c`, compiled once. */
export class Monitor {
  readonly pid: number
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (answer: string) => void>()
  #last = 0

  /** Starts one, which connects to the handler at `socketPath`. Options are those of `main` in monitor.c. */
  constructor(socketPath: string, options: readonly string[] = [], { user }: { user?: number } = {}) {
    const identity = user === undefined ? {} : { uid: user, gid: user }
    this.#child = spawn(program(), [socketPath, ...options], { stdio: ['pipe', 'pipe', 'inherit'], ...identity })
    this.pid = this.#child.pid!
    this.ended = new Promise((resolve) => this.#child.once('exit', (code, signal) => resolve({ code, signal })))
    this.#child.stdin!.on('error', () => {})
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const space = line.indexOf(' ')
      const id = Number(line.slice(0, space))
      this.#waiting.get(id)?.(line.slice(space + 1))
      this.#waiting.delete(id)
    })
    this.ready = new Promise((resolve, reject) => {
      this.#waiting.set(0, (answer) => resolve(JSON.parse(answer)))
      void this.ended.then(({ code, signal }) => reject(new Error(`the monitor ended with ${signal ?? code}`)))
    })
    this.ready.catch(() => {})
  }

  /** What it sent, once it has. */
  readonly ready: Promise<{ pages: number; message: SentRegion[] }>

  /** Runs a command on a thread of its own. Rejects where the monitor ends before it answers. */
  async ask<Answer = unknown>(...words: (string | number)[]): Promise<Answer> {
    const id = ++this.#last
    const answer = new Promise<string>((resolve, reject) => {
      this.#waiting.set(id, resolve)
      void this.ended.then(({ code, signal }) => reject(new Error(`the monitor ended with ${signal ?? code}`)))
    })
    this.#child.stdin!.write(`${id} ${words.join(' ')}\n`)
    return JSON.parse(await answer) as Answer
  }

  /** Its regions, of base pages, as `takeOver` takes them. */
  async regions(): Promise<GuestRegion[]> {
    const { message } = await this.ready
    return message.map(({ base_host_virt_addr: start, size: length, offset }) => ({
      start,
      length,
      offset,
      pageSize: 4096,
    }))
  }

  check(first: number, count: number): Promise<CheckedPages> {
    return this.ask('check', first, count)
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}

/** The bytes of a memory file as monitor.c expects them, of base pages. */
export function patternOf(pages: number): Uint8Array {
  const words = new BigUint64Array(pages * 512)
  for (let at = 0; at < words.length; at++) {
    words[at] = BigInt.asUintN(64, BigInt(at + 1) * 0x9e3779b97f4a7c15n) | 1n
  }
  return new Uint8Array(words.buffer)
}

let compiled: string | undefined

function program(): string {
  if (compiled !== undefined) return compiled
  const source = join(root, 'test', 'guests', 'monitor.c')
  const name = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const folder = join(root, 'build', 'test')
  compiled = join(folder, `monitor-${name}`)
  if (existsSync(compiled)) return compiled
  mkdirSync(folder, { recursive: true })
  const unfinished = `${compiled}.${process.pid}`
  const result = spawnSync('cc', ['-O1', '-Wall', '-Wextra', '-pthread', '-o', unfinished, source])
  if (result.status !== 0) throw new Error(String(result.stderr))
  renameSync(unfinished, compiled)
  return compiled
}
