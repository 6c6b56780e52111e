import type { FaultSourceName } from '../../kernel/devices.js'

/**
 * Where the faults of watched memory come from, and how they are answered: the one thing in which a userfaultfd and the guard's signal
 * differ. It knows addresses of the program's areas and nothing of devices, so that swap can be served from it as well.
 *
 * All of it is for the pager's thread. What is called for a fault returns a code, 0 or a negative error number, and allocates nothing.
 * Addresses are numbers below 2^53.
 *
 * Watched memory is a map of a memory file, and the file is the truth about what is there: a page that is in the file, and shown, is
 * plain memory; any other faults.
 */
export interface FaultSource {
  readonly name: FaultSourceName
  /** Becomes readable when a fault waits, for an event loop to poll. */
  readonly descriptor: number

  /**
   * Watches `[start, start + length)`, a map of a memory file that nobody touches yet. `protection` is what the program may do there.
   * With `notifyWrites`, the first write to a page that was shown read-only faults too. Throws `VmError`.
   */
  watch(start: number, length: number, protection: number, notifyWrites: boolean): void
  /** The program changed what it may do in a part of a watched range. */
  setProtection(start: number, length: number, protection: number): void
  /** Watches the range no more. Who waits there tries again. It may be unmapped already. */
  unwatch(start: number, length: number): void

  /** Takes the faults that wait, after waiting up to so many milliseconds for one. Returns how many: their details are below. */
  take(milliseconds: number): number
  /** Ends a `take` that waits, on whatever thread. */
  interrupt(): void
  /** The address of the page, of the fault with that index among those taken last. */
  address(index: number): number
  /** It was a write. */
  isWrite(index: number): boolean
  /** The page is shown already, and only writing it is new: `notifyWrites`. */
  isFirstWrite(index: number): boolean

  /**
   * Puts the first `length` bytes of `bytes` into the file as pages that it lacks, by way of a shared map of them at `start`, shows them and
   * lets those who wait try again. Returns how many bytes it did: what is left has to be written to the file, and shown.
   */
  put(start: number, bytes: Uint8Array, length: number, writable: boolean): number
  /** Shows pages that are in the file, writable or not, and lets those who wait try again. Pages that are shown already stay. */
  show(start: number, length: number, writable: boolean): number
  /** Takes pages from view. They stay in the file: a touch faults again. */
  hide(start: number, length: number): number
  /** Those who wait in the range are told a fault, and whoever comes before `hide` may be told it too. */
  fail(start: number, length: number): number
  /**
   * Maps a part of a file over a part of a watched range: it is watched as before, and who waits there is not woken. `flags` is of `MAP`.
   * `-ENOENT` where the program has unmapped the range meanwhile: somebody else's memory may be there.
   */
  mapOver(start: number, length: number, protection: number, flags: number, descriptor: number, offset: number): number
  /** The program may do something else with what was mapped over a range. `-ENOENT` likewise. */
  protectOver(start: number, length: number, protection: number): number
  /** Those who wait in the range try again. */
  wake(start: number, length: number): void
  close(): void
}
