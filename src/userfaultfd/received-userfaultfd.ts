import type { Userfaultfd } from './userfaultfd.js'

/** A userfaultfd that another process sent, with its message. */
export interface ReceivedUserfaultfd {
  readonly userfaultfd: Userfaultfd
  readonly message: Uint8Array
  /** Further descriptors of the message, which the caller has to close. */
  readonly descriptors: readonly number[]
  /** The process number of the peer, or 0 where it is not known. */
  readonly pid: number
}
