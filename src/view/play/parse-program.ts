import { PlayError } from './play-error.js'

/** A number, a name, a text, or a sum or union of them. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'operation'
      readonly operator: '+' | '-' | '|'
      readonly left: Expression
      readonly right: Expression
    }

/** One call of a program. */
export interface PlayCall {
  /** The number of its line, from 1. */
  readonly line: number
  readonly source: string
  /** What its result is called afterwards. */
  readonly result: string | undefined
  /** The process that makes it; `undefined` is the first one. */
  readonly process: string | undefined
  readonly name: string
  readonly arguments: readonly Expression[]
}

/** A line that is neither a call nor a comment. */
export interface WrongLine {
  readonly line: number
  readonly source: string
  readonly why: string
}

const TOKEN = /\s*(?:(0x[0-9a-f]+|\d+[KMG]?)\b|([a-z_]\w*)|"((?:[^"\\]|\\.)*)"|([()=,:|+-]))/iy
const UNITS: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }
/** The most lines that are run: each one keeps what memory looked like. */
export const MOST_LINES = 500

/** The calls of a program, one a line, as C writes them: `a = mmap(NULL, 16K, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)`. */
export function parseProgram(text: string): (PlayCall | WrongLine)[] {
  const calls: (PlayCall | WrongLine)[] = []
  for (const [at, line] of text.split('\n').entries()) {
    const source = withoutComment(line).trim()
    if (source === '') continue
    if (calls.length === MOST_LINES) {
      calls.push({ line: at + 1, source, why: `a program has at most ${MOST_LINES} calls` })
      break
    }
    try {
      calls.push(new Parser(source).call(at + 1))
    } catch (error) {
      if (!(error instanceof PlayError)) throw error
      calls.push({ line: at + 1, source, why: error.message })
    }
  }
  return calls
}

function withoutComment(line: string): string {
  let inText = false
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '"' && line[at - 1] !== '\\') inText = !inText
    else if (line[at] === '#' && !inText) return line.slice(0, at)
  }
  return line
}

type Token = { readonly kind: 'number' | 'name' | 'text' | 'sign'; readonly text: string }

class Parser {
  readonly #source: string
  readonly #tokens: Token[] = []
  #next = 0

  constructor(source: string) {
    this.#source = source
    TOKEN.lastIndex = 0
    while (TOKEN.lastIndex < source.length) {
      const at = TOKEN.lastIndex
      const match = TOKEN.exec(source)
      if (match === null) throw new PlayError(`not understood from here: ${source.slice(at).trim().slice(0, 40)}`)
      const [, number, name, text, sign] = match
      if (number !== undefined) this.#tokens.push({ kind: 'number', text: number })
      else if (name !== undefined) this.#tokens.push({ kind: 'name', text: name })
      else if (text !== undefined) this.#tokens.push({ kind: 'text', text })
      else this.#tokens.push({ kind: 'sign', text: sign! })
    }
  }

  call(line: number): PlayCall {
    const result = this.#sign(1) === '=' ? this.#name() : undefined
    if (result !== undefined) this.#expect('=')
    const process = this.#sign(1) === ':' ? this.#name() : undefined
    if (process !== undefined) this.#expect(':')
    const name = this.#name()
    this.#expect('(')
    const found: Expression[] = []
    while (this.#sign() !== ')') {
      if (found.length > 0) this.#expect(',')
      found.push(this.#expression())
    }
    this.#expect(')')
    if (this.#sign() === ';') this.#next++
    if (this.#next < this.#tokens.length) throw new PlayError(`nothing may follow the call: ${this.#source}`)
    return { line, source: this.#source, result, process, name, arguments: found }
  }

  #expression(): Expression {
    let left = this.#term()
    for (;;) {
      const operator = this.#sign()
      if (operator !== '+' && operator !== '-' && operator !== '|') return left
      this.#next++
      left = { kind: 'operation', operator, left, right: this.#term() }
    }
  }

  #term(): Expression {
    const token = this.#tokens[this.#next++]
    if (token?.kind === 'sign' && token.text === '-') {
      return { kind: 'operation', operator: '-', left: { kind: 'number', value: 0 }, right: this.#term() }
    }
    if (token?.kind === 'name') return { kind: 'name', name: token.text }
    if (token?.kind === 'text') return { kind: 'text', text: token.text.replace(/\\(.)/g, '$1') }
    if (token?.kind !== 'number') throw new PlayError(`a number or a name is missing: ${this.#source}`)
    const unit = UNITS[token.text.at(-1)!]
    const isUnit = unit !== undefined && !token.text.startsWith('0x')
    const value = Number(isUnit ? token.text.slice(0, -1) : token.text) * (isUnit ? unit : 1)
    if (!Number.isSafeInteger(value)) throw new PlayError(`${token.text} is too large`)
    return { kind: 'number', value }
  }

  #sign(ahead = 0): string | undefined {
    const token = this.#tokens[this.#next + ahead]
    return token?.kind === 'sign' ? token.text : undefined
  }

  #name(): string {
    const token = this.#tokens[this.#next++]
    if (token?.kind !== 'name')
      throw new PlayError(`a call is a name with its arguments in parentheses: ${this.#source}`)
    return token.text
  }

  #expect(sign: string): void {
    if (this.#sign() !== sign) throw new PlayError(`"${sign}" is missing: ${this.#source}`)
    this.#next++
  }
}
