/** `UFFD_EVENT_*`: the first byte of a message. */
export const UFFD_EVENT_CODE = {
  PAGEFAULT: 0x12,
  FORK: 0x13,
  REMAP: 0x14,
  REMOVE: 0x15,
  UNMAP: 0x16,
} as const
