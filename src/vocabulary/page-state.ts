/**
 * The bits of a page's state. 0 is a page that is mapped and not in memory: it was never touched, or it was dropped.
 *
 * `AddressSpace.knownPageStates` has those that a kernel reports.
 */
export const PAGE_STATE = {
  /** In memory and in the page table. */
  PRESENT: 1,
  /** In swap, or replaced by a marker, as a guard page is. */
  SWAPPED: 2,
  /** Belongs to a file, or to shared memory. */
  FILE: 4,
  /** Part of a huge page. */
  HUGE: 8,
  /** The shared page of zeros. */
  ZERO: 0x10,
  /** Written since the soft-dirty marks were cleared. */
  DIRTY: 0x20,
  /** Write-protected through a userfaultfd. */
  WRITE_PROTECTED: 0x40,
  /** A guard page: each access to it is a fault. */
  GUARD: 0x80,
} as const

/** The name of a bit of {@link PAGE_STATE}. */
export type PageStateName = keyof typeof PAGE_STATE
