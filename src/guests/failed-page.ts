/** A page that could not be read. */
export interface FailedPage {
  /** In the memory file, in bytes. */
  readonly offset: number
  /** Negative. */
  readonly errno: number
}
