import type { VmError } from '../../vocabulary/vm-error.js'

/** A request that may succeed when it is repeated. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  /** The error to throw when the request is not repeated or the retries fail. */
  readonly error: VmError
  /** Milliseconds to wait before the retry, where the server states it. */
  readonly delay: number | undefined
  /** Whether it counts as a failure of the server or the network, which limits the retries. */
  readonly counts: boolean

  constructor(
    error: VmError,
    { delay, counts = true }: { readonly delay?: number | undefined; readonly counts?: boolean } = {},
  ) {
    super(error.message)
    this.error = error
    this.delay = delay
    this.counts = counts
  }
}
