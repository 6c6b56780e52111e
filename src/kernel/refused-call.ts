/** A system call that failed, as far as the limits of memory are concerned. */
export interface RefusedCall {
  /** The name of the error: `'ENOMEM'`, `'EAGAIN'`, `'EPERM'`. */
  readonly code: string
  /** The system call, as its man page names it. */
  readonly syscall: string
  /** Bytes that the call asked for. */
  readonly length: number
  /** Whether the bytes are private and writable, which `RLIMIT_DATA` counts. */
  readonly isData: boolean
  /** Whether the kernel has to promise memory for the bytes: data, and shared memory without a file, unless `MAP_NORESERVE` is set. */
  readonly isPromised: boolean
}
