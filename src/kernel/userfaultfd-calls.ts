import type { RawUserfaultfd } from './raw-userfaultfd.js'

/** How a userfaultfd is opened. */
export interface UserfaultfdCalls {
  /** userfaultfd(2): `flags` of `UFFD`. Throws `VmError`. */
  userfaultfd(flags: number): RawUserfaultfd
  /** `USERFAULTFD_IOC_NEW` on `/dev/userfaultfd`. Throws `VmError`. */
  userfaultfdFromDevice(flags: number): RawUserfaultfd
  /**
   * Takes over a descriptor that is a userfaultfd already, with `UFFDIO_API` done. One that came with a fork's event has what its
   * `parent` had registered.
   */
  adoptUserfaultfd(descriptor: number, parent?: RawUserfaultfd): RawUserfaultfd
  /** Sets `O_NONBLOCK` on the descriptor's open file. */
  setNonblocking?(descriptor: number): void
  /** Waits at a Unix socket for a userfaultfd. */
  receive?(socketPath: string, options: ReceiveOptions): Promise<ReceivedRaw>
  /** Sends a userfaultfd, which stays open here as well, over a Unix socket. */
  send?(raw: RawUserfaultfd, socketPath: string, options: SendOptions): Promise<void>
}

export interface ReceiveOptions {
  /** Connects to a socket that another process listens at, instead of listening. */
  readonly connect?: boolean
  /** Takes all until the other end closes for the message, and not only what comes at once with the descriptor. */
  readonly toEnd?: boolean
  /** What becomes of the pages that were not served when this process ends or no process serves them: see `UserfaultfdOptions`. */
  readonly whenServerEnds?: 'poison' | 'wait'
  readonly signal?: AbortSignal
}

export interface SendOptions {
  readonly message: Uint8Array
  /** Descriptors that go along, after the userfaultfd. */
  readonly descriptors?: readonly number[]
  /** Listens at the socket for the receiver, instead of connecting to it. */
  readonly listen?: boolean
  readonly signal?: AbortSignal
}

/** What came over the socket. */
export interface ReceivedRaw {
  readonly raw: RawUserfaultfd
  readonly message: Uint8Array
  /** Descriptors that came along. */
  readonly descriptors: readonly number[]
  /** The process at the other end, or 0 where that is not known. */
  readonly pid: number
}
