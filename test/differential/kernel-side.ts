import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { ARENA } from './arena.js'
import { CALL, type Call } from './call.js'
import type { Host } from './host.js'

/** What the kernel answered to a sequence: a record a call, or why there is none. */
export type KernelAnswer = { readonly records: Buffer } | { readonly failed: string }

/** The real kernel in a child process of its own, compiled on the spot. */
export class KernelSide {
  readonly #child: ChildProcess
  #received: Buffer[] = []
  #bytes = 0
  #wake: (() => void) | undefined
  #ended: string | undefined
  #host: Host | undefined

  constructor(root: string) {
    this.#child = spawn(compile(root), { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout!.on('data', (chunk: Buffer) => {
      this.#received.push(chunk)
      this.#bytes += chunk.length
      this.#wake?.()
    })
    this.#child.on('exit', (code, signal) => {
      this.#ended = `the kernel's side ended with ${signal ?? code}`
      this.#wake?.()
    })
  }

  /** Runs a sequence in a fresh process. Sequences may be sent ahead; answers come in order. */
  send(calls: readonly Call[]): void {
    const message = Buffer.alloc(8 + calls.length * 64)
    message.writeUInt32LE(calls.length, 0)
    for (const [index, [name, ...args]] of calls.entries()) {
      const at = 8 + index * 64
      message.writeUInt32LE(CALL[name], at)
      for (const [place, value] of args.entries()) {
        message.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)), at + 8 + place * 8)
      }
    }
    this.#child.stdin!.write(message)
  }

  /** What the machine is. Asked once, before other sequences are sent ahead. */
  async host(): Promise<Host> {
    if (this.#host !== undefined) return this.#host
    this.send([['host']])
    const answer = await this.receive()
    if ('failed' in answer) throw new Error(`the kernel's side can't tell what the machine is: ${answer.failed}`)
    const [bits, pages] = [answer.records.readUInt32LE(0), Number(answer.records.readBigUInt64LE(8))]
    this.#host = {
      memory: pages * ARENA.PAGE,
      drivers: (bits & 1) !== 0,
      protectionKeys: (bits & 2) !== 0,
      swap: (bits & 4) !== 0,
      guardFlag: (bits & 8) !== 0,
      executableSockets: (bits & 16) !== 0,
      executablePipes: (bits & 32) !== 0,
      memoryFailures: (bits & 64) !== 0,
    }
    return this.#host
  }

  async receive(): Promise<KernelAnswer> {
    const length = (await this.#take(4)).readUInt32LE(0)
    if (length === 0xffffffff)
      return { failed: `its process ended with status ${(await this.#take(4)).readUInt32LE(0)}` }
    return { records: await this.#take(length) }
  }

  close(): void {
    this.#child.stdin!.end()
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#bytes < length) {
      if (this.#ended !== undefined) throw new Error(this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const all = this.#received.length === 1 ? this.#received[0]! : Buffer.concat(this.#received)
    this.#received = [all.subarray(length)]
    this.#bytes -= length
    return all.subarray(0, length)
  }
}

function compile(root: string): string {
  const source = join(root, 'test', 'differential', 'kernel.c')
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex').slice(0, 16)
  const output = join(root, 'build', `differential-${hash}`)
  if (existsSync(output)) return output
  mkdirSync(join(root, 'build'), { recursive: true })
  const unfinished = `${output}.${process.pid}`
  const { status, error } = spawnSync(process.env.CC ?? 'cc', ['-O2', '-static-pie', '-o', unfinished, source], {
    stdio: 'inherit',
  })
  if (error !== undefined || status !== 0)
    throw new Error(`no C compiler for the differential check: ${error ?? status}`)
  renameSync(unfinished, output)
  return output
}
