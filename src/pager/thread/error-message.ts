/** An error on its way to another thread. `structuredClone` would lose the class and all that is not `message` and `stack`. */
export interface ErrorMessage {
  /** `other` is a value that is no error. */
  readonly kind: 'VmError' | 'UsageError' | 'error' | 'other'
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** What else the error has, as far as it can be copied. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly cause: ErrorMessage | undefined
}
