import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Compiles the guest that has no operating system, and returns the path of its image. */
function guestImage() {
  const sources = join(root, 'bench', 'support', 'guests', 'firecracker')
  const folder = join(root, 'build', 'bench')
  mkdirSync(folder, { recursive: true })
  const image = join(folder, 'guest.elf')
  const freestanding = [
    ...['-O2', '-ffreestanding', '-fno-pic', '-no-pie', '-mno-red-zone', '-mgeneral-regs-only', '-fno-stack-protector'],
    ...['-fno-asynchronous-unwind-tables', '-fno-tree-loop-distribute-patterns', '-nostdlib', '-static'],
    ...['-Wl,--build-id=none,--no-warn-rwx-segments', '-z', 'noexecstack', '-T', join(sources, 'guest.ld')],
  ]
  const files = ['start.S', 'guest.c'].map((name) => join(sources, name))
  const result = spawnSync(process.env.CC ?? 'cc', [...freestanding, ...files, '-o', image])
  if (result.status !== 0) throw new Error(`the guest does not compile: ${result.stderr}`)
  return image
}

/** A process of Firecracker with the guest of `firecracker/guest.c`. */
export class Firecracker {
  #folder = mkdtempSync(join(tmpdir(), 'vmarea-firecracker-'))
  #answers = []
  #waiting = []
  #input

  constructor(program) {
    const fifo = join(this.#folder, 'input')
    // Its serial port reads a terminal or a FIFO. Opened for both, it never ends.
    execFileSync('mkfifo', [fifo])
    this.#input = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK)
    this.socket = join(this.#folder, 'api')
    const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
    this.child = spawn(program, ['--api-sock', this.socket, '--no-seccomp'], { stdio: [reader, 'pipe', 'pipe'] })
    closeSync(reader)
    this.said = ''
    this.child.stderr.on('data', (text) => {
      this.said += text
    })
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.said += `${line}\n`
      // What the monitor itself says begins with a date.
      if (/^\d{4}-\d\d-\d\dT|^\[anonymous|^$/.test(line)) return
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#answers.push(line)
      else waiting(line)
    })
    this.ended = new Promise((resolve) => this.child.once('exit', (code, signal) => resolve({ code, signal })))
  }

  get pid() {
    return this.child.pid
  }

  /** Resolves when its API answers. */
  async ready() {
    for (;;) {
      try {
        return await this.call('GET', '/')
      } catch (error) {
        if (!/ENOENT|ECONNREFUSED/.test(error.message)) throw error
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
  }

  /** A call of its API. Rejects where it is refused. */
  call(method, path, body) {
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.socket, method, path, headers: { 'content-type': 'application/json' } })
      sent.on('response', async (response) => {
        let text = ''
        for await (const part of response) text += part
        if (response.statusCode < 300) resolve(text)
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
      })
      sent.on('error', (error) => reject(new Error(`${method} ${path}: ${error.message}\n${this.said}`)))
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }

  /** The next line of the guest. */
  async line() {
    const line = this.#answers.shift() ?? (await new Promise((resolve) => this.#waiting.push(resolve)))
    return line
  }

  /** Gives the guest a command, and returns the numbers of its answer. */
  async ask(...words) {
    writeSync(this.#input, `${words.join(' ')}\n`)
    return (await this.line()).split(' ').map(Number)
  }

  /** Boots the guest, and writes a snapshot of it. */
  static async snapshot(program, { state, memory }) {
    const monitor = new Firecracker(program)
    try {
      await monitor.ready()
      await monitor.call('PUT', '/machine-config', { vcpu_count: 1, mem_size_mib: 256 })
      await monitor.call('PUT', '/boot-source', { kernel_image_path: guestImage(), boot_args: 'console=ttyS0' })
      await monitor.call('PUT', '/balloon', { amount_mib: 0, deflate_on_oom: false })
      await monitor.call('PUT', '/actions', { action_type: 'InstanceStart' })
      const line = await monitor.line()
      if (line !== 'ready') throw new Error(`the guest said ${line}`)
      const [sum] = await monitor.ask('sum')
      await monitor.call('PATCH', '/vm', { state: 'Paused' })
      await monitor.call('PUT', '/snapshot/create', { snapshot_path: state, mem_file_path: memory })
      return sum
    } finally {
      await monitor.end()
    }
  }

  /** Restores the guest from a snapshot: `backend` is Firecracker's `mem_backend`. Resolves when it runs. */
  static async restore(program, state, backend, more = {}) {
    const monitor = new Firecracker(program)
    try {
      await monitor.ready()
      monitor.loading = performance.now()
      await monitor.call('PUT', '/snapshot/load', {
        snapshot_path: state,
        mem_backend: backend,
        resume_vm: true,
        ...more,
      })
      return monitor
    } catch (error) {
      await monitor.end()
      throw error
    }
  }

  async end() {
    this.child.kill('SIGKILL')
    await this.ended
    closeSync(this.#input)
    rmSync(this.#folder, { recursive: true })
  }
}
