/** Staging memory: copies of pages that have left the program's memory, one place for each page. */
export interface Staging {
  /** Copies whole pages to places without a copy. Returns how many bytes, or the error of the first page, negative. */
  put(address: number, bytes: Uint8Array): number
  /**
   * Drops copies from the address on, and returns how many: all of them, unless the kernel pins one. Where the call is not the last, their
   * memory may be freed by the one that follows.
   */
  drop(address: number, count: number, isLast?: boolean): number
  close(): void
}
