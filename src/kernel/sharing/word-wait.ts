/** A wait for a word that is under way. */
export interface WordWait {
  /** Rejects with `ERR_VMAREA_UNMAPPED` when the memory goes, and with `ECANCELED` after `end()`. */
  readonly result: Promise<'ok' | 'timed-out'>
  /** Ends it. Does nothing once it has ended. */
  end(): void
}
