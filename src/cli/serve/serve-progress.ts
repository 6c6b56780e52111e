import type { Guest } from '../../guests.js'
import { byteSize } from '../byte-size.js'

/** What `vmarea serve` says: a line of JSON an event, or on a terminal a sentence an event and a line a guest that is kept up to date. */
export class ServeProgress {
  readonly #json: boolean
  readonly #source: string
  readonly #guests = new Map<Guest, { faults: number; time: number }>()
  readonly #timer: NodeJS.Timeout | undefined
  /** That stand on the terminal below the events. */
  #lines = 0

  constructor(json: boolean, source: string) {
    this.#json = json
    this.#source = source
    if (!json) this.#timer = setInterval(() => this.#draw(), 1000).unref()
  }

  event(event: string, details: Readonly<Record<string, unknown>>): void {
    if (this.#json) {
      process.stdout.write(`${JSON.stringify({ event, time: new Date().toISOString(), ...details })}\n`)
      return
    }
    this.#clear()
    const words = Object.entries(details)
      .filter(([, value]) => typeof value !== 'object')
      .map(([name, value]) => `${name} ${value}`)
    process.stdout.write(`${event}: ${words.join(', ')}\n`)
    this.#draw()
  }

  add(guest: Guest): void {
    this.#guests.set(guest, { faults: 0, time: performance.now() })
  }

  remove(guest: Guest): void {
    this.#guests.delete(guest)
  }

  end(): void {
    clearInterval(this.#timer)
  }

  #clear(): void {
    if (this.#lines > 0) process.stdout.write(`\x1b[${this.#lines}A\x1b[J`)
    this.#lines = 0
  }

  #draw(): void {
    if (this.#guests.size === 0 && this.#lines === 0) return
    this.#clear()
    for (const [guest, last] of this.#guests) {
      const { resident, pages, faults, latency } = guest.statistics
      const now = performance.now()
      const rate = Math.round(((faults - last.faults) * 1000) / Math.max(1, now - last.time))
      this.#guests.set(guest, { faults, time: now })
      const share = `${byteSize(resident * guest.pageSize) || '0'} of ${byteSize(pages * guest.pageSize)}`
      const times = `p50 ${latency.p50.toFixed(0)} µs, p99 ${latency.p99.toFixed(0)} µs`
      // A line that wrapped would be two to go back over.
      const line = `  pid ${guest.pid}: ${share} resident, ${rate} faults/s, ${times}, ${this.#source}`
      process.stdout.write(`${line.slice(0, (process.stdout.columns || 80) - 1)}\n`)
    }
    this.#lines = this.#guests.size
  }
}
