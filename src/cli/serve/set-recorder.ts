import { mergeWorkingSets, type WorkingSet, writeWorkingSet } from '../../guests.js'

/** Keeps a file with what the guests of this run demanded, as one working set. */
export class SetRecorder {
  readonly #path: string
  readonly #sets: WorkingSet[] = []
  #writing: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** Writes the file with one more set, after those before. Resolves with the error where it can't be written. */
  async add(set: WorkingSet): Promise<Error | undefined> {
    this.#sets.push(set)
    const writing = this.#writing.then(() => writeWorkingSet(this.#path, mergeWorkingSets(this.#sets)))
    this.#writing = writing.catch(() => {})
    return writing.then(
      () => undefined,
      (error: Error) => error,
    )
  }
}
