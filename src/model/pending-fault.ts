import type { RawPage } from '../kernel/raw-page.js'

/** A fault that a driver's hook was asked for, and its answer once there is one. */
export class PendingFault {
  /** The page that the hook answered with, instead of filling the device's own. */
  page: RawPage | undefined = undefined
  error: { readonly cause: unknown } | undefined = undefined
  done = false
  readonly abort = new AbortController()
  /** Settles, without a value, when there is an answer. */
  promise: Promise<void> = Promise.resolve()

  until(answer: Promise<void>): this {
    this.promise = answer.then(
      () => {
        this.done = true
      },
      (cause: unknown) => {
        this.error = { cause }
        this.done = true
      },
    )
    return this
  }
}
