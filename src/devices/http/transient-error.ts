import type { VmError } from '../../vocabulary/vm-error.js'

/** A request that may go well when it is made anew. */
export class TransientError extends Error {
  override readonly name = 'TransientError'
  /** What is thrown when it is not made anew, or in vain. */
  readonly error: VmError
  /** Milliseconds that the server asked to wait, where it did; 0 where there is nothing to wait for. */
  readonly delay: number | undefined

  constructor(error: VmError, delay?: number) {
    super(error.message)
    this.error = error
    this.delay = delay
  }
}
