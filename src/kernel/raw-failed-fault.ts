/** A fault that was not answered before its deadline. */
export interface RawFailedFault {
  /** The address of the page. */
  readonly address: bigint
  /**
   * `timeout`: it was read and not answered in time. `no-server`: no thread reads. `itself`: a thread that reads
   * faulted, and would wait for itself.
   */
  readonly reason: 'timeout' | 'no-server' | 'itself'
}
