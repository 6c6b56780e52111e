import type { UsageErrorCode } from './usage-error-code.js'

/**
 * A misuse of the library: nothing was asked of the kernel and nothing has changed.
 *
 * Match on `code`, which is stable; the message names the value that was wrong and what would be right.
 */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
  readonly code: UsageErrorCode

  constructor(code: UsageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
