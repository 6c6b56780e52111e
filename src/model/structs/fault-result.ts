/** What became of an access: `DONE`, or which signal or wait it ends in. */
export const FAULT_RESULT = {
  DONE: 0,
  /** `SIGSEGV`, `SEGV_MAPERR` */
  NOT_MAPPED: 1,
  /** `SIGSEGV`, `SEGV_ACCERR` */
  NOT_PERMITTED: 2,
  /** `SIGSEGV`, `SEGV_PKUERR` */
  PROTECTION_KEY: 3,
  /** `SIGBUS`, `BUS_ADRERR`: past the end of a file, or a driver that has no page. */
  NO_PAGE: 4,
  /** `SIGBUS`: `BUS_MCEERR_AR` with `CONFIG_MEMORY_FAILURE`, else `BUS_ADRERR`. */
  POISONED: 5,
  /** The access waits for the server of a userfaultfd, or for a driver. */
  WAITS: 6,
} as const
