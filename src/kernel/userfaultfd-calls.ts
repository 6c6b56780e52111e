import type { RawUserfaultfd } from './raw-userfaultfd.js'

/** Opening userfaultfds. */
export interface UserfaultfdCalls {
  /** userfaultfd(2): `flags` of `UFFD`. Throws `VmError`. */
  userfaultfd(flags: number): RawUserfaultfd
  /** `USERFAULTFD_IOC_NEW` on `/dev/userfaultfd`. Throws `VmError`. */
  userfaultfdFromDevice(flags: number): RawUserfaultfd
  /**
   * Adopts the descriptor of a userfaultfd on which `UFFDIO_API` was called. One from a fork's event has the registered ranges of its
   * `parent`.
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
  /** Reads the message until the peer closes, instead of only the bytes that arrive with the descriptor. */
  readonly toEnd?: boolean
  /** What happens to pages that were not served when this process ends or no process serves them: see `UserfaultfdOptions`. */
  readonly whenServerEnds?: 'poison' | 'wait'
  readonly signal?: AbortSignal
}

export interface SendOptions {
  readonly message: Uint8Array
  /** Descriptors that are sent after the userfaultfd. */
  readonly descriptors?: readonly number[]
  /** Listens at the socket for the receiver, instead of connecting to it. */
  readonly listen?: boolean
  readonly signal?: AbortSignal
}

/** The message that was received over the socket. */
export interface ReceivedRaw {
  readonly raw: RawUserfaultfd
  readonly message: Uint8Array
  /** Further descriptors of the message. */
  readonly descriptors: readonly number[]
  /** The process number of the peer, or 0 where it is not known. */
  readonly pid: number
}
