import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { areaAt, placeOf } from '../data/area-at.js'
import { classesOf, PAGE_CLASSES } from '../data/page-classes.js'
import { type AccessKind, whatHappens } from '../data/what-happens.js'
import { CONSTANTS } from './constants.js'
import { copyEffect, decidedBy, type Effect, effectsOf } from './effects.js'
import { ModelProcess } from './model-process.js'
import type { Outcome } from './outcome.js'
import { type Expression, type PlayCall, parseProgram, type WrongLine } from './parse-program.js'
import { PLAY_CALLS, type Value } from './play-calls.js'
import { PlayError } from './play-error.js'
import type { Memory, PlayProcess, PlayUserfaultfd, Touched } from './play-process.js'
import { UnknownError } from './unknown-error.js'

/** What a program has come to after one of its calls. */
export interface Moment {
  readonly line: number
  readonly source: string
  /** The process that made the call. */
  readonly process: string
  readonly outcome: Outcome
  /** The function of the kernel that decides about the call. */
  readonly by: string
  /** What the kernel does with an access, in a sentence. */
  readonly why: string | undefined
  /** What it did, by the name of the process whose memory changed. */
  readonly effects: ReadonlyMap<string, readonly Effect[]>
  /** The memory of each process after it. */
  readonly memory: ReadonlyMap<string, Memory>
}

/** Where an access of each call goes. */
const ACCESSES: Readonly<Record<string, AccessKind>> = { load: 'read', store: 'write', jump: 'execute' }
const MOST_PROCESSES = 8

/** Runs a program on a machine of its own, and gives the memory before its first call and after each of them. The same text gives the same. */
export function runProgram(text: string): {
  readonly begin: ReadonlyMap<string, Memory>
  readonly moments: readonly Moment[]
} {
  const run = new PlayRun(ModelProcess.first())
  const begin = run.look()
  return { begin, moments: parseProgram(text).map((call) => run.step(call)) }
}

/** A program that runs on a kernel, a call at a time. */
export class PlayRun {
  readonly #pageSize: number
  readonly #processes = new Map<string, PlayProcess>()
  readonly #names = new Map<string, Value>()
  readonly #userfaultfds = new Map<number, PlayUserfaultfd>()
  readonly #waiting: { readonly line: number; readonly again: () => Touched }[] = []
  #memory: ReadonlyMap<string, Memory>

  constructor(first: PlayProcess) {
    this.#pageSize = first.pageSize
    this.#processes.set(first.name, first)
    this.#memory = this.look()
  }

  get processes(): Iterable<PlayProcess> {
    return this.#processes.values()
  }

  look(): ReadonlyMap<string, Memory> {
    return new Map([...this.#processes].map(([name, process]) => [name, process.look()] as const))
  }

  step(call: PlayCall | WrongLine): Moment {
    const before = this.#memory
    const { line, source } = call
    if ('why' in call) {
      const outcome = { kind: 'wrong', text: call.why } as const
      return { line, source, process: 'parent', outcome, by: '', why: undefined, effects: new Map(), memory: before }
    }
    const process = call.process ?? 'parent'
    let outcome: Outcome
    let why: string | undefined
    try {
      why = this.#whyOf(call, process)
      outcome = this.#run(call, process)
    } catch (error) {
      outcome = outcomeOf(error)
    }
    if (outcome.value !== undefined && call.result !== undefined) this.#names.set(call.result, outcome.value)
    const goesOn = call.name.startsWith('uffdio') || call.name === 'close' ? this.#wake() : ''
    if (goesOn !== '') outcome = { ...outcome, text: `${outcome.text}; ${goesOn}` }
    this.#memory = this.look()
    const effects = new Map<string, readonly Effect[]>()
    for (const [name, after] of this.#memory) {
      const known = before.get(name)
      const found = known === undefined ? [copyEffect(after)] : effectsOf(call.name, known, after, this.#pageSize)
      if (found.length > 0) effects.set(name, found)
    }
    return { line, source, process, outcome, by: decidedBy(call.name), why, effects, memory: this.#memory }
  }

  #run(call: PlayCall, name: string): Outcome {
    const kind = Object.hasOwn(PLAY_CALLS, call.name) ? PLAY_CALLS[call.name] : undefined
    if (kind === undefined)
      throw new PlayError(`there is no call ${call.name}. There are ${Object.keys(PLAY_CALLS).join(', ')}`)
    const process = this.#process(name)
    const needed = kind.parameters.filter((parameter) => !parameter.endsWith('?')).length
    const given = call.arguments.length
    if (given < needed || given > kind.parameters.length) {
      throw new PlayError(
        `${call.name}(${kind.parameters.join(', ')}) has ${given} argument${given === 1 ? '' : 's'} here`,
      )
    }
    const values = call.arguments.map((argument) => this.#value(argument))
    return kind.run(
      {
        process,
        userfaultfds: this.#userfaultfds,
        fork: () => this.#fork(process, call.result),
        touch: (access, address, byte) => {
          const { outcome, again } = process.touch(access, address, byte)
          if (again !== undefined) this.#waiting.push({ line: call.line, again })
          return outcome
        },
      },
      values,
    )
  }

  #process(name: string): PlayProcess {
    const process = this.#processes.get(name)
    if (process === undefined) throw new PlayError(`there is no process ${name}: name = fork() makes one`)
    return process
  }

  #fork(parent: PlayProcess, name: string | undefined): void {
    if (name === undefined) throw new PlayError('a child needs a name: child = fork()')
    if (this.#processes.has(name)) throw new PlayError(`there is a process ${name} already`)
    if (this.#processes.size === MOST_PROCESSES) throw new PlayError(`at most ${MOST_PROCESSES} processes`)
    this.#processes.set(name, parent.fork(name))
  }

  /** Lets each access that waits be made again: what was answered goes on, the others wait on. */
  #wake(): string {
    const done: string[] = []
    for (const { line, again } of this.#waiting.splice(0)) {
      const touched = again()
      if (touched.again !== undefined) this.#waiting.push({ line, again: touched.again })
      else done.push(`line ${line} goes on: ${touched.outcome.text}`)
    }
    return done.join('; ')
  }

  /** What the kernel does with an access, from the memory before it. */
  #whyOf(call: PlayCall, process: string): string | undefined {
    const access = ACCESSES[call.name]
    const [argument] = call.arguments
    const memory = this.#memory.get(process)
    if (access === undefined || argument === undefined || memory === undefined) return undefined
    const address = this.#value(argument)
    if (typeof address !== 'number') return undefined
    const page = Math.floor(address / this.#pageSize)
    const { areas, pages } = memory
    const area = areaAt(areas, page)
    const above = areas[placeOf(areas, page) + (area === undefined ? 0 : 1)]
    const gap = above === undefined ? Number.POSITIVE_INFINITY : (above.startPage - page) * this.#pageSize
    return whatHappens(access, area, above, PAGE_CLASSES[classesOf(pages, page, page + 1)[0]!], gap).text
  }

  #value(expression: Expression): Value {
    switch (expression.kind) {
      case 'number':
        return expression.value
      case 'text':
        return expression.text
      case 'name': {
        const value = this.#names.get(expression.name) ?? CONSTANTS.get(expression.name)
        if (value === undefined) throw new PlayError(`nothing is called ${expression.name}`)
        return value
      }
      default: {
        const [left, right] = [this.#value(expression.left), this.#value(expression.right)]
        if (typeof left !== 'number' || typeof right !== 'number') throw new PlayError('a text is not a number')
        if (expression.operator === '+') return left + right
        if (expression.operator === '-') return left - right
        return Number(BigInt(left) | BigInt(right))
      }
    }
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof UnknownError) return { kind: 'unknown', text: error.message }
  if (error instanceof PlayError) return { kind: 'wrong', text: error.message }
  if (error instanceof VmError) return { kind: 'error', text: error.code }
  if (error instanceof UsageError || error instanceof RangeError || error instanceof TypeError) {
    return { kind: 'wrong', text: (error as Error).message }
  }
  throw error
}
