import { watchReadable } from '../../linux/addon/watch-readable.js'
import { now } from '../../paging/now.js'
import type { FaultQueue } from './fault-queue.js'

/** How long the loop stays awake after a fault, in milliseconds: the next one often follows at once. */
const LINGER = 5
/** How many faults are served before the event loop runs. */
const IN_A_ROW = 64

export interface FaultLoopOptions {
  readonly beforeTaking?: () => void
  /** Whether the event loop has work that it does at once. */
  readonly works?: () => boolean
}

/**
 * Takes faults from a queue and passes them to the server.
 *
 * While faults come, it waits for the next without the event loop, a millisecond at most, and runs the event loop in between: so a stream
 * of faults has no latency of the event loop, and timers, sockets and messages of the driver are handled. While the event loop has work that
 * it does at once, the loop takes what is there in between. After a while without a fault, or while the driver waits, the event loop polls the
 * queue.
 */
export class FaultLoop {
  readonly #faults: FaultQueue
  readonly #serve: (index: number, time: number) => void
  readonly #driverWaits: () => boolean
  readonly #beforeTaking: () => void
  readonly #works: () => boolean
  #unwatch: (() => void) | undefined
  #lastFault = 0
  #running = false

  constructor(
    faults: FaultQueue,
    serve: (index: number, time: number) => void,
    driverWaits: () => boolean,
    { beforeTaking = () => {}, works = () => false }: FaultLoopOptions = {},
  ) {
    this.#faults = faults
    this.#serve = serve
    this.#driverWaits = driverWaits
    this.#beforeTaking = beforeTaking
    this.#works = works
  }

  start(): void {
    this.#running = true
    this.#turn()
  }

  stop(): void {
    this.#running = false
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  readonly #turn = (): void => {
    this.#unwatch = undefined
    if (!this.#running) return
    for (let round = 0; round < IN_A_ROW; round++) {
      this.#beforeTaking()
      const waits = this.#lastFault > 0 && !this.#works() && !this.#driverWaits()
      const count = this.#faults.take(waits ? 1 : 0)
      if (count === 0) break
      this.#lastFault = now()
      for (let index = 0; index < count; index++) this.#serve(index, this.#lastFault)
      if (!this.#running) return
    }
    if (this.#works() || (this.#lastFault > 0 && !this.#driverWaits() && now() - this.#lastFault < LINGER)) {
      setImmediate(this.#turn)
      return
    }
    this.#lastFault = 0
    this.#unwatch = watchReadable(this.#faults.descriptor, this.#turn)
  }
}
