import { expectError } from './expect-error.js'

/** Rejects unless `promise` does, with an error that has these members. */
export async function expectRejection(
  promise: Promise<unknown>,
  members: { readonly [name: string]: unknown },
): Promise<Error> {
  let thrown: unknown
  try {
    await promise
  } catch (error) {
    thrown = error
  }
  expectError(() => {
    if (thrown !== undefined) throw thrown
  }, members)
  return thrown as Error
}
