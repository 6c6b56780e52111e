/** How to write a new file. */
export interface WriteOptions {
  /** Replaces an existing regular file. Default: an existing file is `EEXIST`. */
  readonly force?: boolean
  /** The permission bits of the file, before the umask. */
  readonly mode?: number
  /** Aborts the writing; no file is left behind. */
  readonly signal?: AbortSignal
}
