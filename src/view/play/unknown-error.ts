import { PlayError } from './play-error.js'

/** A call that could not be made on this kernel, so that nothing is known of what it does: why, in a sentence. */
export class UnknownError extends PlayError {
  override readonly name: string = 'UnknownError'
}
