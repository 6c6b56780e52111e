/** How to write a new file. */
export interface WriteOptions {
  /** Replaces a regular file that exists. Without it, that is `EEXIST`. */
  readonly force?: boolean
  /** The permission bits of the file, before the umask. */
  readonly mode?: number
  /** Ends the writing; nothing is left behind. */
  readonly signal?: AbortSignal
}
