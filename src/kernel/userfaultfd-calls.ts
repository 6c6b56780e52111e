import type { RawUserfaultfd } from './raw-userfaultfd.js'

/** How a userfaultfd comes to be. */
export interface UserfaultfdCalls {
  /** userfaultfd(2): `flags` of `UFFD`. Throws `VmError`. */
  userfaultfd(flags: number): RawUserfaultfd
  /** `USERFAULTFD_IOC_NEW` on `/dev/userfaultfd`. Throws `VmError`. */
  userfaultfdFromDevice(flags: number): RawUserfaultfd
  /** Takes over a descriptor that is a userfaultfd already, with `UFFDIO_API` done. */
  adoptUserfaultfd(descriptor: number): RawUserfaultfd
}
