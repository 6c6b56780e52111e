import type { UsageErrorCode } from './usage-error-code.js'

/**
 * A misuse of the library: no system call was made and nothing has changed.
 *
 * Match on `code`, which is stable; the message names the wrong value and the rule that it breaks.
 */
export class UsageError extends Error {
  /** Always `'UsageError'`. */
  override readonly name: string = 'UsageError'
  /** The kind of misuse: the table in docs/errors.md has them all. */
  readonly code: UsageErrorCode

  /** The library throws such errors; a store or a driver may do so with a code of the table. */
  constructor(code: UsageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
