/** The ioctls of a userfaultfd, as bits of the masks in which the kernel lists those that it allows. */
export const UFFD_IOCTL = {
  REGISTER: 1n << 0x00n,
  UNREGISTER: 1n << 0x01n,
  WAKE: 1n << 0x02n,
  COPY: 1n << 0x03n,
  ZEROPAGE: 1n << 0x04n,
  MOVE: 1n << 0x05n,
  WRITEPROTECT: 1n << 0x06n,
  CONTINUE: 1n << 0x07n,
  POISON: 1n << 0x08n,
  API: 1n << 0x3fn,
} as const

/** The kernel's name of an ioctl, in lower case. */
export type UffdIoctl = Lowercase<keyof typeof UFFD_IOCTL>
