import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { addon } from '../../linux/addon/addon.js'
import type { NamedReport } from '../../view/data/named-report.js'
import { readPagerReports } from '../../view/files/read-pager-reports.js'
import { findReportSocket } from './find-report-socket.js'

/** Milliseconds after which a program that offers nothing is asked again. */
const RETRY_AFTER = 1000
/** A longer line is not of `offerStatistics`. */
const LONGEST_LINE = 2 ** 21

/** The statistics that the devices, swaps and guests of a process offer, read while a browser is connected. Empty where the process offers none. */
export class PagerReports {
  readonly #pid: number
  readonly #changed: (reports: readonly NamedReport[]) => void
  #socket: Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #line = ''
  #last = ''

  /** `changed` is called with the reports when they differ from those before, and with none when the offer has ended. */
  constructor(pid: number, changed: (reports: readonly NamedReport[]) => void) {
    this.#pid = pid
    this.#changed = changed
    this.#connect()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#socket?.removeAllListeners('close').destroy()
  }

  #connect(): void {
    const descriptor = connectTo(this.#pid)
    if (descriptor === undefined) {
      this.#retry()
      return
    }
    const socket = new Socket({ fd: descriptor, readable: true, writable: true })
    this.#socket = socket
    socket.unref()
    socket.setEncoding('utf8')
    socket.on('error', () => {})
    socket.on('data', (text: string) => this.#take(text))
    socket.on('close', () => {
      this.#line = ''
      if (this.#last !== '') this.#changed([])
      this.#last = ''
      this.#retry()
    })
  }

  #retry(): void {
    this.#timer = setTimeout(() => this.#connect(), RETRY_AFTER).unref()
  }

  #take(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop()!
    if (this.#line.length > LONGEST_LINE) this.#socket?.destroy()
    // Each line is the whole state: the last one is all that counts.
    const line = lines.at(-1)
    if (line === undefined) return
    const reports = readPagerReports(line)
    const known = JSON.stringify(reports.map(({ time: _, ...report }) => report))
    if (known === this.#last) return
    this.#last = known
    this.#changed(reports)
  }
}

/** A connection to the process's offer; `undefined` where there is none, or another process answers. */
function connectTo(pid: number): number | undefined {
  const path = findReportSocket(pid)
  if (path === undefined) return undefined
  const descriptor = addon().socketConnect(path)
  if (descriptor < 0) return undefined
  if (addon().socketPeer(descriptor) === pid) return descriptor
  closeSync(descriptor)
  return undefined
}
