/** Options of `fileStore`. */
export interface FileStoreOptions {
  /** The folder of an unlinked file: no name leads to it, and it goes with the store or the process. Default: the system's temporary folder. */
  readonly folder?: string
  /** The path of a named file instead. It must not exist; its mode is 0600, and `close` removes it. */
  readonly path?: string
  /** The largest size of the file, in bytes. A write past it is refused with `ENOSPC`. Default: no limit. */
  readonly limit?: number
  /**
   * Encrypts each page with AES-256-XTS, as disks are, under a random key that only lives in memory. Changes to the file are found by the
   * engine's checksum. Default: `false`.
   */
  readonly encrypt?: boolean
}
