/** The options of the device `blocks`, which `openDevice` takes as `driver`. */
export interface BlocksOptions {
  /** The packed file: a path, or a `file:` URL as text. */
  readonly path: string
  /**
   * How many bytes of decompressed blocks to keep for faults that request a part of a block. By default 4 MiB; with less than one block,
   * none are kept.
   */
  readonly cache?: number
}
