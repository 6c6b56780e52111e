/** `UFFD_PAGEFAULT_FLAG_*` of a fault's message. */
export const UFFD_FAULT_FLAG = {
  WRITE: 1,
  WP: 2,
  MINOR: 4,
} as const
