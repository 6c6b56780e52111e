import { UsageError } from '../vocabulary/usage-error.js'

/**
 * The states of an open device and their transitions:
 *
 *     opening ──open hook──▶ serving ◀──▶ dead ──▶ closed
 *                               └──restart──┘  └─ from every state, by `close` or the signal
 *
 *  D1. Opening: nothing is mapped. The driver's thread acts alone.
 *  D2. Serving: each fault is answered or fails within the time limit. The driver's thread alone changes which pages are in memory and in
 *      view; the program alone maps, unmaps and changes protection, and reports that to the thread.
 *  D3. Dead: the driver does not act. Pages in view stay, and a touch of any other page fails. A restart sets the driver up again over the
 *      same pages and maps.
 *  D4. Closed: as dead, irreversibly. The driver's `close` hook has run or has timed out.
 *
 * This object keeps the state that both kernels share: whether the device is closed, and the one restart or close that overlapping calls
 * join. The server of the device keeps serving and dead.
 */
export class DeviceLifetime {
  readonly #closing = new AbortController()
  #restarting: Promise<void> | undefined
  #closed: Promise<void> | undefined

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  /** Aborted when the device begins to close. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Throws `ERR_VMAREA_DEVICE_CLOSED` from `close` on. */
  checkOpen(): void {
    if (this.isClosed) throw new UsageError('ERR_VMAREA_DEVICE_CLOSED', 'the device was closed')
  }

  /** Restarts. A call during a restart returns the promise of that restart. */
  restart(begin: () => Promise<void>): Promise<void> {
    this.#restarting ??= begin().finally(() => {
      this.#restarting = undefined
    })
    return this.#restarting
  }

  /** Calls `end` once, however often the device is closed. */
  close(end: () => Promise<void>): Promise<void> {
    if (this.#closed === undefined) {
      // Set before `end` runs: the functions that it calls must find the device closed (D4).
      let run!: (result: Promise<void>) => void
      this.#closed = new Promise((resolve) => {
        run = resolve
      })
      this.#closing.abort()
      run(end())
    }
    return this.#closed
  }

  /** Resolves when no restart is in progress, whether the last one succeeded or not. */
  async restarted(): Promise<void> {
    await this.#restarting?.catch(() => {})
  }

  /** Calls `close` when the signal is aborted. Leaves nothing on the signal once the device is closed. */
  closeOn(signal: AbortSignal | undefined, close: () => Promise<void>): void {
    if (signal === undefined) return
    const abort = () => void close().catch(() => {})
    signal.addEventListener('abort', abort, { once: true })
    this.closing.addEventListener('abort', () => signal.removeEventListener('abort', abort), { once: true })
  }
}
