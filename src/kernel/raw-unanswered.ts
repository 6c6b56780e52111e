/** The faults and threads that wait for a userfaultfd, as far as its kernel reports them. */
export interface RawUnanswered {
  /** Faults that have not been read. */
  readonly unread: number
  /** Threads that wait, for read faults and unread ones. */
  readonly waiting: number
  /** Faults that this process has read and not answered, with the flags of their message. */
  readonly read: readonly {
    readonly address: bigint
    readonly flags: number
    /** 0 where the feature `thread_id` is off. */
    readonly threadId: number
    /** Milliseconds since it was read. */
    readonly waited: number
  }[]
  /** The threads of the process that wait in any userfaultfd's fault; empty where that can't be seen. */
  readonly threads: readonly WaitingThread[]
}

/** A thread that waits in a userfaultfd's fault. */
export interface WaitingThread {
  readonly threadId: number
  readonly name: string
  /** Milliseconds since it was first seen in this very wait: it has waited at least so long. */
  readonly seenFor: number
}
