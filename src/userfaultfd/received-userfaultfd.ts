import type { Userfaultfd } from './userfaultfd.js'

/** What came with a userfaultfd that another process sent. */
export interface ReceivedUserfaultfd {
  readonly userfaultfd: Userfaultfd
  readonly message: Uint8Array
  /** Further descriptors that came along: they are the caller's to close. */
  readonly descriptors: readonly number[]
  /** The process at the other end, or 0 where that is not known. */
  readonly pid: number
}
