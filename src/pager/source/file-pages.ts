/**
 * Maps of a memory file whose pages are shown one by one.
 *
 * The file decides which pages are in memory: a page that is in the file and shown is plain memory; any other page faults. All calls are
 * for the thread that serves, with codes, addresses and ranges as in `FaultQueue`.
 */
export interface FilePages {
  /** Whether a visible page reads as zeros, without a fault, after a hole is punched into the file: hide it before. */
  readonly showsHoles: boolean
  /**
   * Whether `show` and `hide` also act on pages that `mapOver` has mapped. Otherwise such a page is hidden by mapping it without
   * permission.
   */
  readonly coversOverlays: boolean

  /**
   * Watches `[start, start + length)`, a map of a memory file that no thread has touched. `protection` is what the program may do there.
   * With `notifyWrites`, the first write to a page that was shown read-only faults too. Throws `VmError`.
   */
  watch(start: number, length: number, protection: number, notifyWrites: boolean): void
  /** Watches the rest of a range that has grown in place to `length` bytes. Throws `VmError`. */
  grow(start: number, length: number, protection: number, notifyWrites: boolean): void
  /** The program has changed the protection of a part of a watched range. */
  setProtection(start: number, length: number, protection: number): void
  /** Ends the watch and wakes the waiters of the range. */
  unwatch(start: number, length: number): void
  /** Ends the watch of a range that the program has unmapped. */
  unmapped(start: number, length: number): void

  /**
   * Puts the first `length` bytes of `bytes` into the file as pages that it lacks, by way of a shared map of them at `start`, shows them
   * and wakes their waiters. Returns how many bytes it did: the rest has to be written to the file, and shown.
   */
  put(start: number, bytes: Uint8Array, length: number, writable: boolean): number
  /** Shows pages that are in the file, writable or not, and wakes their waiters. Pages that are shown already stay. */
  show(start: number, length: number, writable: boolean): number
  /**
   * Takes the right to write from pages that are shown, in a range that was watched with `notifyWrites`: the next write to one faults. It
   * may hide them.
   */
  protect(start: number, length: number): number
  /** Gives back the right to write to pages that `protect` took it from, and wakes their waiters. A page that is not shown stays hidden. */
  unprotect(start: number, length: number): number
  /** Hides pages. They stay in the file: a touch faults again. */
  hide(start: number, length: number): number
  /** Whether the page at the address may be visible and write-protected: its first write is not answered yet. */
  mayBeWriteProtected(address: number): boolean
  /**
   * Maps a part of a file over a part of a watched range, which stays watched, and wakes no waiter. `flags` is of `MAP`. `-ENOENT` where
   * the program has unmapped the range meanwhile: it may hold other memory now.
   */
  mapOver(start: number, length: number, protection: number, flags: number, descriptor: number, offset: number): number
  /** Sets the protection of pages that were mapped over a range. `-ENOENT` as in `mapOver`. */
  protectOver(start: number, length: number, protection: number): number
}
