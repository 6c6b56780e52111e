/**
 * Where pages are kept while they are not in memory: the interface that swap writes evicted pages to and reads them back from.
 *
 * A store keeps pages of `pageSize` bytes by number, from 0 to 2^53 - 1. Its caller, the engine of swap, promises:
 *
 * - Several calls may be in flight, but never two for one page.
 * - The buffers of a call belong to the store until the call has settled, and to the caller again afterwards.
 * - All-zero pages and pages that have not changed are never written, and each page has a checksum that the caller verifies. So a store is
 *   trusted with nothing: it may lose a page, and the access that needs the page fails. It must not hang: its answer has a time limit.
 *
 * Every method may return a promise. One that returns nothing has done its work already, which saves a fault the turn of the event loop.
 *
 * `vmarea/conformance` exports the suite that every store must pass: `pageStoreConformance`.
 */
export interface PageStore {
  /** Bytes a page, as the `PageStoreHost` gave it. */
  readonly pageSize: number
  /** Bytes that the store occupies where it keeps the pages: in the file, in memory. Stores that can't tell leave it out. */
  readonly bytesUsed?: number

  /**
   * Keeps the pages, each in place of what the store had under its number. `bytes` holds them one after another. Rejects when one of them
   * can't be kept, with `ENOSPC` when there is no room; what the store has of these pages is then unknown.
   */
  write(pages: readonly number[], bytes: Uint8Array): void | Promise<void>
  /** Reads the pages, one after another, into `into`. Rejects with `ERR_VMAREA_NO_SUCH_PAGE` for one that was never written, or was freed. */
  read(pages: readonly number[], into: Uint8Array): void | Promise<void>
  /** Frees the pages. A page that the store does not have is skipped. */
  free(pages: readonly number[]): void | Promise<void>
  /** Settles when all that was written is as safe as the store can make it. */
  flush?(): void | Promise<void>
  /** Frees everything, the pages included. Every later call but `close` rejects with `ERR_VMAREA_STORE_CLOSED`. */
  close(): void | Promise<void>
}
