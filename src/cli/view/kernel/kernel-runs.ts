import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { KernelRun } from '../../../view/play/kernel-moment.js'

/** The time limit of a program, in milliseconds. */
const PATIENCE = 60_000
/** What a run may print. */
const MOST_BYTES = 64 * 2 ** 20

/** Runs programs of the playground on the running kernel, one after the other, each in a group of processes of its own that ends with it. */
export class KernelRuns {
  #last: Promise<unknown> = Promise.resolve()
  readonly #kill = new Set<() => void>()

  run(text: string): Promise<KernelRun> {
    const next = this.#last.then(() => this.#runNow(text))
    this.#last = next.catch(() => {})
    return next
  }

  close(): void {
    for (const kill of this.#kill) kill()
  }

  #runNow(text: string): Promise<KernelRun> {
    return new Promise((resolve) => {
      const path = fileURLToPath(new URL('./kernel-child.js', import.meta.url))
      // A program gets none of what this process knows: no environment, and no descriptors but its text and its answer.
      const child = spawn(process.execPath, [path], { detached: true, env: {}, stdio: ['pipe', 'pipe', 'ignore'] })
      const parts: Buffer[] = []
      let bytes = 0
      const kill = () => {
        try {
          process.kill(-child.pid!, 'SIGKILL')
        } catch {
          // All of the group have ended.
        }
      }
      this.#kill.add(kill)
      const timer = setTimeout(kill, PATIENCE)
      child.stdout.on('data', (part: Buffer) => {
        parts.push(part)
        bytes += part.length
        if (bytes > MOST_BYTES) kill()
      })
      child.stdin.on('error', () => {})
      child.stdin.end(text)
      child.on('error', ({ message }) => resolve({ moments: [], ended: `it can't be run: ${message}` }))
      child.on('close', () => {
        clearTimeout(timer)
        kill()
        this.#kill.delete(kill)
        resolve(runOf(Buffer.concat(parts).toString()))
      })
    })
  }
}

function runOf(text: string): KernelRun {
  try {
    return JSON.parse(text)
  } catch {
    return { moments: [], ended: 'the process that ran it was ended before it could answer' }
  }
}
