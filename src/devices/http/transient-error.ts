import type { VmError } from '../../vocabulary/vm-error.js'

/** A request that may succeed when it is repeated. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  /** The error to throw when it is not repeated, or repeating failed. */
  readonly error: VmError
  /** Milliseconds to wait before that, where it is known. */
  readonly delay: number | undefined
  /** It speaks against the server or the network, and can't go on so for ever. */
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
