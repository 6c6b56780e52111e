import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { pagerSocketPath } from '../../pager-socket-path.js'
import type { PagerReport } from '../../view/data/pager-report.js'
import { readPagerReports } from '../../view/files/read-pager-reports.js'

const RETRY_AFTER = 2000

/** What the pagers of a program that offers its channel say, as it comes in. A program that offers none has none. */
export class PagerReports {
  readonly #pid: number
  #socket: Socket | undefined
  #timer: NodeJS.Timeout | undefined
  #latest: readonly PagerReport[] = []

  constructor(pid: number) {
    this.#pid = pid
    this.#connect()
  }

  get latest(): readonly PagerReport[] {
    return this.#latest
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#socket?.removeAllListeners('close')
    this.#socket?.destroy()
  }

  #connect(): void {
    const socket = connect(pagerSocketPath(this.#pid))
    this.#socket = socket
    socket.unref()
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#latest = []
      this.#timer = setTimeout(() => this.#connect(), RETRY_AFTER).unref()
    })
    // The interface throws the socket's error again where nothing listens.
    const lines = createInterface({ input: socket }).on('error', () => {})
    lines.on('line', (line) => {
      this.#latest = readPagerReports(line)
    })
  }
}
