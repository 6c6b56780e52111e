import type { Userfaultfd } from './userfaultfd.js'

/** A userfaultfd that another process sent, with its message. */
export interface ReceivedUserfaultfd {
  /** The userfaultfd, which is the receiver's to serve and to close. */
  readonly userfaultfd: Userfaultfd
  /** The bytes that were sent with it. */
  readonly message: Uint8Array
  /** Further descriptors of the message, which the caller has to close. */
  readonly descriptors: readonly number[]
  /** The process number of the peer, or 0 where it is not known. */
  readonly pid: number
}
