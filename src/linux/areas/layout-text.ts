import { closeSync } from 'node:fs'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { MapsTable } from '../proc/maps-table.js'
import { openProcFile } from '../proc/open-proc-file.js'
import { PROCESS_GONE } from '../proc/proc-files.js'

/** Lines of a list of areas that differ from those of the list before: from line `at` on, `gone` lines became the rows of `table`. */
export interface LayoutChange {
  readonly at: number
  readonly gone: number
  readonly table: MapsTable
}

const NEWLINE = 10

/**
 * The text of /proc/PID/maps, read again and again. Most of it stays as it was, and comparing bytes costs a fraction of what making areas of
 * them costs. Throws `VmError` `ESRCH` where the process has gone or runs another program.
 */
export class LayoutText implements Disposable {
  readonly #path: string
  readonly #descriptor: number
  /** The last list, as the caller knows it. */
  #known: Uint8Array | undefined
  #spare: Uint8Array = new Uint8Array(1 << 16)

  constructor(pid: number) {
    this.#path = `/proc/${pid}/maps`
    this.#descriptor = openProcFile(pid, 'maps')
  }

  /** Reads the list. Returns what has changed since the list before, at first all of it; `undefined` where nothing has. */
  next(): LayoutChange | undefined {
    const known = this.#known ?? new Uint8Array()
    const text = this.#read()
    if (isEqual(known, text)) return undefined
    this.#known = text.slice()
    const from = lineStart(text, commonStart(known, text))
    const rest = commonEnd(known.subarray(from), text.subarray(from))
    const table = new MapsTable()
    table.addAll(text, from, text.length - rest)
    return { at: lines(text, 0, from), gone: lines(known, from, known.length - rest), table }
  }

  /** Whether the list is still the one that `next` read. */
  isCurrent(): boolean {
    return this.#known !== undefined && isEqual(this.#known, this.#read())
  }

  /** Makes `next` return the whole list. */
  forget(): void {
    this.#known = undefined
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  #read(): Uint8Array {
    const { readFully } = addon()
    let length = 0
    for (;;) {
      const read = readFully(this.#descriptor, length, this.#spare.subarray(length))
      if (read < 0) throw new VmError(read, 'read', { path: this.#path })
      length += read
      if (length < this.#spare.length) break
      const larger = new Uint8Array(this.#spare.length * 2)
      larger.set(this.#spare)
      this.#spare = larger
    }
    // The text of a process that ends meanwhile just stops: a part would pass for the whole.
    if (length === 0 || readFully(this.#descriptor, 0, new Uint8Array(1)) <= 0) {
      throw new VmError('ESRCH', 'read', { path: this.#path, hint: PROCESS_GONE })
    }
    return this.#spare.subarray(0, length)
  }
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0
}

/** How many bytes two texts begin with alike, by halves: comparing memory is faster than any loop. */
function commonStart(one: Uint8Array, other: Uint8Array): number {
  return longest(Math.min(one.length, other.length), (from, to) =>
    isEqual(one.subarray(from, to), other.subarray(from, to)),
  )
}

/** How many bytes of whole lines two texts end with alike. Each of them begins with a line. */
function commonEnd(one: Uint8Array, other: Uint8Array): number {
  const end = longest(Math.min(one.length, other.length), (from, to) =>
    isEqual(one.subarray(one.length - to, one.length - from), other.subarray(other.length - to, other.length - from)),
  )
  if (end === one.length || end === other.length) {
    // The common end may begin in the middle of a line of the longer one.
    const longer = one.length > other.length ? one : other
    if (longer.length === end || longer[longer.length - end - 1] === NEWLINE) return end
  }
  const next = other.indexOf(NEWLINE, other.length - end)
  return next < 0 ? 0 : other.length - next - 1
}

/** The largest length for which all of `[0, length)` is alike. */
function longest(limit: number, isAlike: (from: number, to: number) => boolean): number {
  let known = 0
  let beyond = limit + 1
  while (beyond - known > 1) {
    const middle = (known + beyond) >>> 1
    if (isAlike(known, middle)) known = middle
    else beyond = middle
  }
  return known
}

/** Where the line begins that the place is in. */
function lineStart(text: Uint8Array, at: number): number {
  return at === 0 ? 0 : text.lastIndexOf(NEWLINE, at - 1) + 1
}

function lines(text: Uint8Array, from: number, to: number): number {
  let count = 0
  for (let at = text.indexOf(NEWLINE, from); at >= 0 && at < to; at = text.indexOf(NEWLINE, at + 1)) count++
  return count
}
