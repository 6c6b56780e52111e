/** An error as a message for another thread. `structuredClone` would lose the class and all but `message` and `stack`. */
export interface ErrorMessage {
  /** `other` is a value that is not an error. */
  readonly kind: 'VmError' | 'UsageError' | 'error' | 'other'
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  /** Whether it is a hook's: see `hookErrors`. */
  readonly hook: boolean
  /** The other properties of the error that can be copied. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly cause: ErrorMessage | undefined
}
