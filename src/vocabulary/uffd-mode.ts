/** `UFFDIO_REGISTER_MODE_*`: which faults of a range are caught. */
export const UFFD_MODE = {
  /** No page is there. */
  MISSING: 1,
  /** A write to a page that is write-protected. */
  WP: 2,
  /** The page is in the page cache and not in the page table. */
  MINOR: 4,
} as const

/** The kernel's name of a mode, in lower case. */
export type UffdMode = Lowercase<keyof typeof UFFD_MODE>
