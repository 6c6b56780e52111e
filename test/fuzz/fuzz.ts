import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { patient } from '../support/patient.js'

const script = fileURLToPath(new URL('./fuzz-child.js', import.meta.url))

export interface FuzzOptions {
  readonly seconds: number
  readonly seed: number
  /** Calls of a child. */
  readonly steps?: number
  /** Children at the same time. */
  readonly atOnce?: number
  /** Whether a failure is repeated with fewer calls, to find the fewest that fail. It takes minutes where a child hangs. */
  readonly shrinks?: boolean
  readonly tell: (line: string) => void
}

export interface FuzzResult {
  readonly calls: number
  readonly children: number
  /** For each failure the command that repeats it, and what the child wrote. */
  readonly failures: readonly string[]
}

/** Milliseconds without progress after which a child counts as one that hangs. A step takes a few milliseconds on a quiet machine. */
const HANG = patient(180_000)

/**
 * Runs children that make random calls, until one fails. After `seconds` no other child starts, and those that run may end: a slow machine
 * makes fewer calls.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seconds, seed, steps = 600, atOnce = 2, shrinks = true, tell } = options
  const end = performance.now() + seconds * 1000
  const failures: string[] = []
  let children = 0
  const work = async () => {
    while (performance.now() < end && failures.length === 0) {
      const own = seed + children++ * 7919
      const why = await run(own, steps)
      if (why === undefined) continue
      tell(`seed ${own}: ${why}`)
      failures.push(shrinks ? await shrink(own, steps, why) : command(own, steps, why))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { calls: children * steps, children, failures }
}

// The calls of a shorter run are the first of a longer one.
async function shrink(seed: number, steps: number, why: string): Promise<string> {
  let [good, bad, said] = [0, steps, why]
  while (bad - good > 1 && bad > good * 1.05) {
    const middle = Math.floor((good + bad) / 2)
    const again = await run(seed, middle)
    if (again === undefined) good = middle
    else [bad, said] = [middle, again]
  }
  return command(seed, bad, said)
}

function command(seed: number, steps: number, why: string): string {
  return `node --expose-gc test-dist/fuzz/fuzz-child.js ${seed} ${steps}: ${why}`
}

/** Why the child failed; `undefined` where it did not. */
function run(seed: number, steps: number): Promise<string | undefined> {
  const child = spawn(process.execPath, ['--expose-gc', '--enable-source-maps', script, String(seed), String(steps)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [output, errors] = ['', '']
  let hangs: string | undefined
  const kill = () => {
    hangs = `it makes no step in ${HANG} ms, ${output.includes('done') ? 'at its end' : 'before its end'}:\n${threadsOf(child.pid!)}`
    child.kill('SIGKILL')
  }
  let timer = setTimeout(kill, HANG)
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    clearTimeout(timer)
    timer = setTimeout(kill, HANG)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0 && output.includes('done')) resolve(undefined)
      else resolve(`${hangs ?? `it ended with ${signal ?? code}`}\n${ends(errors)}`)
    })
  })
}

/** An end of the engine begins with its reason, and an error of JavaScript ends with it. */
const ends = (text: string): string => (text.length <= 5000 ? text : `${text.slice(0, 2500)}\n…\n${text.slice(-2500)}`)

/** Each thread's name, state, and what it waits for in the kernel. */
function threadsOf(pid: number): string {
  const folder = `/proc/${pid}/task`
  const line = (thread: string) => {
    const text = (name: string) => readFileSync(`${folder}/${thread}/${name}`, 'latin1').trim()
    return `${text('comm')}: ${text('wchan')}, call ${text('syscall')}`
  }
  return readdirSync(folder).map(line).join('\n')
}
