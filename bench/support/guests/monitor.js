import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const folder = join(root, 'build', 'bench')

/** Compiles a C program and returns its path. */
export function program(source) {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, source.split('/').at(-1).replace(/\.c$/, ''))
  const result = spawnSync(process.env.CC ?? 'cc', ['-O2', '-pthread', '-o', path, join(root, source)])
  if (result.status !== 0) throw new Error(`${source} does not compile: ${result.stderr}`)
  return path
}

const monitor = program('test/guests/monitor.c')

/** The stand-in for a virtual machine monitor that the tests use, on the first CPU. */
export class Monitor {
  #last = 0
  #waiting = new Map()

  constructor(socketPath, ...options) {
    this.child = spawn('taskset', ['-c', '0', monitor, socketPath, ...options], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.ended = new Promise((resolve) => this.child.once('exit', resolve))
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const space = line.indexOf(' ')
      this.#waiting.get(Number(line.slice(0, space)))?.(JSON.parse(line.slice(space + 1)))
    })
    this.ready = new Promise((resolve) => this.#waiting.set(0, resolve))
  }

  get pid() {
    return this.child.pid
  }

  ask(...words) {
    const id = ++this.#last
    const answer = new Promise((resolve) => this.#waiting.set(id, resolve))
    this.child.stdin.write(`${id} ${words.join(' ')}\n`)
    return answer
  }

  async end() {
    this.child.kill('SIGKILL')
    await this.ended
  }
}
