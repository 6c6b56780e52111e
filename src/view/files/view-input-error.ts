/** A file that can't be shown: what is wrong with it, in a sentence. */
export class ViewInputError extends Error {
  override readonly name: string = 'ViewInputError'
}
