/** The innermost error of a chain of causes. */
export function rootCause(error: unknown): Error {
  const { cause } = error as Error
  return cause instanceof Error ? rootCause(cause) : (error as Error)
}
