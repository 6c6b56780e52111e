/** The mode bits of the ioctls that answer faults. */
export const UFFD_RESOLVE_MODE = {
  /** Of `UFFDIO_COPY`, `ZEROPAGE`, `CONTINUE`, `POISON` and `MOVE`: does not wake the waiters. */
  DONTWAKE: 1,
  /** Of `UFFDIO_COPY` and `CONTINUE`: the page is write-protected from the start. */
  WP: 2,
  /** For `UFFDIO_MOVE`: a hole in the source is skipped. */
  ALLOW_SRC_HOLES: 2,
  /** Of `UFFDIO_WRITEPROTECT`: protects; without it, lifts the protection and wakes. */
  WRITEPROTECT_WP: 1,
  /** Of `UFFDIO_WRITEPROTECT`. */
  WRITEPROTECT_DONTWAKE: 2,
} as const
