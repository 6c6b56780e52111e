/**
 * The functions of `native/calls/guard-source-calls.cc`. Those of a range take its address and its length from the sharedResults's results 1 and 3: as
 * arguments they would be an allocation each. All answer 0 or a negative error number unless it says otherwise.
 */
export interface GuardSourceFunctions {
  /**
   * Answers the number of a source of the calling thread; its eventfd, and whether it uses guard markers, are in the sharedResults's results.
   * `timeout` is in milliseconds, below 0 for none.
   */
  guardCreate(timeout: number, guardMarkers: boolean): number
  guardWatch(source: number, protection: number, notifyWrites: boolean, shared: boolean): number
  guardSetProtection(source: number, protection: number): number
  guardUnwatch(source: number): number
  /** Answers how many faults were taken: for each, its page and a mask of 1 for a write and 2 for a first write. */
  guardTake(source: number, milliseconds: number, faults: Float64Array): number
  /** From any thread. */
  guardInterrupt(source: number): number
  guardShow(source: number, writable: boolean): number
  guardExpectServer(source: number, expected: boolean): number
  guardHide(source: number): number
  /** Drops the content of private pages that are hidden. */
  guardZap(source: number): number
  /**
   * Writes content to hidden pages that have none, from result 2 on in the bytes, and shows them. `target` is where they may be written.
   * Answers how many bytes, or the error of the first page.
   */
  guardFill(source: number, target: number, bytes: Uint8Array): number
  guardFail(source: number): number
  guardWake(source: number): number
  /** `mmap` with `MAP_FIXED`. `-ENOENT` where the source watches nothing any more. */
  guardMapOver(source: number, protection: number, flags: number, descriptor: number, offset: number): number
  /** From any thread: 1 where a source serves the page at the address, and 0 where none does. */
  guardIsServed(address: number): number
  guardClose(source: number): number
}
