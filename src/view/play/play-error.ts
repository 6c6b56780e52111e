/** A line of a program that is no call: what is wrong with it, in a sentence. */
export class PlayError extends Error {
  override readonly name: string = 'PlayError'
}
