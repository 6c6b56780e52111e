/** Flags of userfaultfd(2) and of `USERFAULTFD_IOC_NEW`. */
export const UFFD = {
  /** Only faults of the program itself: a system call that touches a missing page fails with `EFAULT`. Requires no privilege. */
  USER_MODE_ONLY: 1,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
} as const
