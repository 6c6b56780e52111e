/** A fault that nobody answered before its deadline. */
export interface RawFailedFault {
  /** Of its page. */
  readonly address: bigint
  /**
   * `timeout`: it was read and not answered in time. `no-server`: there was nobody who reads. `itself`: a thread that reads took it, and
   * waited for itself.
   */
  readonly reason: 'timeout' | 'no-server' | 'itself'
}
