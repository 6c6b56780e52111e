import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addon } from '../linux/addon/addon.js'
import { checkArgument } from '../vocabulary/options/check-argument.js'
import type { ValueRule } from '../vocabulary/options/check-options.js'
import type { Reporter } from '../vocabulary/reports/reporter.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { REPORT_SOCKET } from './report-socket.js'

const nameRule: ValueRule = { must: 'a text', holds: (value) => typeof value === 'string' }
const reporterRule: ValueRule = {
  must: 'a device, a swap, a guest or another object with a report method',
  holds: (value) => typeof (value as Partial<Reporter> | null | undefined)?.report === 'function',
}

/** Milliseconds from one report to the next. */
const EVERY = 250
/** What may wait in the socket of a reader that has stopped reading. Beyond it, reports are left out. */
const MOST_WAITING = 2 ** 20
/** Reporters that one offer can have. */
const MOST = 1000

/**
 * What a program tells of its pagers, as long as a `vmarea view` looks. It keeps neither the program alive nor a thread busy: the reports are
 * made only while a view is connected.
 *
 * @example
 * await using offer = await offerStatistics()
 * offer.add('objects', device)
 */
export class StatisticsOffer implements AsyncDisposable {
  /** The path of its socket, which only this user may open. */
  readonly path: string
  readonly #folder: string
  readonly #server: Server
  readonly #reporters = new Map<string, Reporter>()
  readonly #readers = new Set<Socket>()
  #timer: NodeJS.Timeout | undefined

  private constructor(folder: string) {
    this.#folder = folder
    this.path = join(folder, REPORT_SOCKET)
    this.#server = createServer((socket) => this.#accept(socket)).unref()
  }

  /** @internal */
  static async open(): Promise<StatisticsOffer> {
    // The folder is this user's alone before the socket is in it.
    const offer = new StatisticsOffer(mkdtempSync(join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), 'vmarea-')))
    try {
      await new Promise<void>((resolve, reject) => offer.#server.once('error', reject).listen(offer.path, resolve))
      chmodSync(offer.path, 0o600)
    } catch (error) {
      offer.#remove()
      throw error
    }
    process.once('exit', offer.#remove)
    return offer
  }

  /**
   * Shows a device, a swap, a guest or another reporter under a name, until `remove`.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where the name is taken, or 1,000 are shown
   */
  add(name: string, reporter: Reporter): void {
    checkArgument('add()', 'name', name, nameRule)
    checkArgument('add()', 'reporter', reporter, reporterRule)
    if (this.#reporters.has(name)) throw invalid(`something is offered as '${name}' already: choose another name`)
    if (this.#reporters.size >= MOST) throw invalid(`an offer shows ${MOST} reporters at most: remove one first`)
    this.#reporters.set(name, reporter)
  }

  /** Shows no longer what has the name. Returns whether there was one. */
  remove(name: string): boolean {
    checkArgument('remove()', 'name', name, nameRule)
    return this.#reporters.delete(name)
  }

  /** Ends the offer. A second call does nothing. */
  async close(): Promise<void> {
    process.off('exit', this.#remove)
    clearInterval(this.#timer)
    for (const reader of this.#readers) reader.destroy()
    if (this.#server.listening) await new Promise((closed) => this.#server.close(closed))
    this.#remove()
  }

  /** Calls `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  readonly #remove = (): void => rmSync(this.#folder, { recursive: true, force: true })

  #accept(socket: Socket): void {
    socket.on('error', () => {})
    if (!isAllowed(socket)) {
      socket.destroy()
      return
    }
    socket.unref()
    // A reader has nothing to say. Its end is seen only if what it sends is taken.
    socket.resume()
    this.#readers.add(socket)
    socket.once('close', () => {
      this.#readers.delete(socket)
      if (this.#readers.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    })
    this.#timer ??= setInterval(() => this.#send(), EVERY).unref()
    this.#send()
  }

  #send(): void {
    const time = Date.now()
    const reports = [...this.#reporters].flatMap(([name, reporter]) => reportOf(name, reporter, time))
    const line = `${JSON.stringify(reports)}\n`
    for (const reader of this.#readers) if (reader.writableLength < MOST_WAITING) reader.write(line)
  }
}

/** A reporter that throws is left out: a view must not end the program that it looks at. */
function reportOf(name: string, reporter: Reporter, time: number): object[] {
  try {
    return [{ ...reporter.report(), name, time }]
  } catch {
    return []
  }
}

/** Whether the process at the other end is of this user or of root. */
function isAllowed(socket: Socket): boolean {
  const { fd } = (socket as Socket & { readonly _handle?: { readonly fd?: number } })._handle ?? {}
  if (fd === undefined) return false
  const user = addon().socketPeerUser(fd)
  return user === 0 || user === process.geteuid!()
}

function invalid(message: string): UsageError {
  return new UsageError('ERR_VMAREA_INVALID_ARGUMENT', message)
}
