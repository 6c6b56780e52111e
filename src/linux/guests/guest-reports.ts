import type { GuestReports } from '../../kernel/guest-host.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'

/** As `native/guests/environment.h` numbers them. */
const REPORT = { GONE: 0, PAGE_FAILED: 1, PREFETCHED: 2, READ: 3, LEFT: 4, DIRTY: 5, READ_AHEAD: 6 } as const

/** What the server thread reports of a guest. */
export interface LinuxGuestReports extends GuestReports {
  /** The dirty bits are there to be taken. */
  dirty(): void
}

/** Reads a part of a source into a slot. `ahead`: no fault waits for it yet. */
export type SlotReader = (slot: number, offset: number, length: number, ahead: boolean) => void

/** Gives what the server thread reports to this thread's guests and scripts. */
class ReportTaker {
  readonly #guests = new Map<number, LinuxGuestReports>()
  /** Those that keep the event loop alive. */
  readonly #served = new Set<number>()
  readonly #scripts = new Map<number, SlotReader>()
  readonly #records = new Float64Array(4 * 256)
  #listening = false

  /** Begins to listen: before a guest or a script is opened. */
  listen(): void {
    if (this.#listening) return
    check(
      addon().guestListen(() => this.#take()),
      'epoll_create1',
    )
    this.#listening = true
    // Before the threads of sources end: a read that they leave unanswered would fail its page, whatever `onFailure` says.
    process.once('exit', () => {
      for (const number of this.#served) addon().guestLeave(number)
    })
  }

  addGuest(number: number, listener: LinuxGuestReports): void {
    this.#guests.set(number, listener)
    this.#served.add(number)
    if (this.#served.size === 1) addon().guestKeep(true)
  }

  addScript(number: number, reader: SlotReader): void {
    this.#scripts.set(number, reader)
  }

  removeScript(number: number): void {
    this.#scripts.delete(number)
  }

  #take(): void {
    const records = this.#records
    for (;;) {
      const count = addon().guestTakeReports(records)
      for (let at = 0; at < count * 4; at += 4) {
        this.#give(records[at]!, records[at + 1]!, records[at + 2]!, records[at + 3]!)
      }
      if (count * 4 < records.length) return
    }
  }

  #give(kind: number, about: number, one: number, other: number): void {
    if (kind === REPORT.READ || kind === REPORT.READ_AHEAD) {
      this.#scripts.get(Math.floor(about / 65536))?.(about % 65536, one, other, kind === REPORT.READ_AHEAD)
      return
    }
    const guest = this.#guests.get(about)
    if (kind === REPORT.PAGE_FAILED) guest?.pageFailed(one, other)
    else if (kind === REPORT.PREFETCHED) guest?.prefetched(one)
    else if (kind === REPORT.DIRTY) guest?.dirty()
    else if (kind === REPORT.LEFT) {
      this.#end(about)
      guest?.left()
    } else if (kind === REPORT.GONE && guest !== undefined) {
      this.#guests.delete(about)
      this.#end(about)
      guest.gone()
    }
  }

  #end(number: number): void {
    if (this.#served.delete(number) && this.#served.size === 0) addon().guestKeep(false)
  }
}

export const guestReports = new ReportTaker()
