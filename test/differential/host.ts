/** What the model must know of the machine that it is compared with. The kernel's side tells it. */
export interface Host {
  /** Bytes of memory, which bound what a single call may promise. */
  readonly memory: number
  /** Whether execute-only memory has a protection key, so that nothing reads it. */
  readonly protectionKeys: boolean
  /** Packet sockets, io_uring and perf events, so that some sequences have areas of drivers. */
  readonly drivers: boolean
  /** A place to page memory out to. Without one, `MADV_PAGEOUT` takes nothing that can be seen. */
  readonly swap: boolean
  /** Whether the flags of an area say that it has or had guards: from Linux 6.19 on, and in later ones of 6.18. */
  readonly guardFlag: boolean
  /** Whether a map of a socket may be executed: until a later one of Linux 6.18. */
  readonly executableSockets: boolean
  /** The same of pipes. It shows in the error alone, because a pipe can't be mapped. */
  readonly executablePipes: boolean
  /** `CONFIG_MEMORY_FAILURE`: a touch of a poisoned page is BUS_MCEERR_AR there, and BUS_ADRERR elsewhere. */
  readonly memoryFailures: boolean
}
