/** Staging memory: pages that have left the program's memory, in places that `StagingSlots` gives them. */
export interface Staging {
  /** Copies whole pages to places without a copy. Returns how many bytes, or the error of the first page, negative. */
  put(address: number, bytes: Uint8Array): number
  /** Drops copies from the address on, and returns how many: all of them, unless the kernel pins one. */
  drop(address: number, count: number): number
  close(): void
}
