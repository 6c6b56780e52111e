/** What a raw `writeback` hook is given: pages that programs wrote to. */
export interface RawWriteback {
  /** Where the bytes are in the device, in bytes; on a page. */
  readonly offset: number
  /** A copy of the pages, without what lies past the end of the device. Valid until the hook has answered. */
  readonly bytes: Uint8Array
  /** Aborted when the answer comes too late to count. */
  readonly signal: AbortSignal
}
