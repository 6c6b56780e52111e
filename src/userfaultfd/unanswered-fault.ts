import type { WaitingThread } from '../kernel/raw-unanswered.js'

/** A fault that this process has read and not answered. */
export interface UnansweredFault {
  /** The address of the fault, as in its event. */
  readonly address: bigint
  /** `missing`: no page is there. `wp`: a write to a write-protected page. `minor`: the page is in the page cache only. */
  readonly fault: 'missing' | 'wp' | 'minor'
  /** Whether the access was a write. */
  readonly write: boolean
  /** The thread that waits, with the feature `thread_id`. */
  readonly threadId: number | undefined
  /** Milliseconds since it was read. */
  readonly waited: number
}

/** The faults and threads that wait for a userfaultfd. */
export interface Unanswered {
  /** Faults that have not been read. */
  readonly unread: number
  /** Threads that wait in all. */
  readonly waiting: number
  /** Faults that were read in this process and are not answered, the oldest first. */
  readonly read: readonly UnansweredFault[]
  /** The threads of the process that wait in a fault of any userfaultfd; empty where that can't be seen. */
  readonly threads: readonly WaitingThread[]
}
