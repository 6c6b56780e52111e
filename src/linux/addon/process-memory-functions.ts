/** The functions of `native/calls/process-memory.cc` and `native/calls/proc-text.cc`. An address is a number below 2^53 or a bigint. */
export interface ProcessMemoryFunctions {
  /** `query` takes the kernel's `struct procmap_query` and, where it is longer, the name behind it. */
  procmapQuery(descriptor: number, address: bigint | number, flags: number, query: Uint8Array): number
  /**
   * Lists the regions whose pages have the `wanted` categories, with those of the `told` categories that they have. Writes the end of the
   * walk to `words`, then three words for each region. Returns the number of regions.
   */
  pagemapScan(
    descriptor: number,
    start: bigint | number,
    end: bigint | number,
    flags: number,
    wanted: number,
    told: number,
    words: BigUint64Array,
  ): number
  readFully(descriptor: number, position: number, bytes: Uint8Array): number
  processVmReadv(pid: number, address: bigint | number, bytes: Uint8Array): number
  pidfdOpen(pid: number): number
  processMadvise(pidDescriptor: number, address: bigint | number, length: number, advice: number): number
  adviseBare(address: bigint | number, length: number, advice: number): number
  writeMemory(address: bigint | number, bytes: Uint8Array): number
  /** Copies memory of this process and waits for no page. Answers the bytes before the first page that an access would wait for. */
  copyPresent(target: number, address: number, length: number): number
  /** The same, of the true pages where pages are covered. */
  readTruePages(address: number, bytes: Uint8Array): number
  /** Writes to private memory of this process, whatever its permission. Answers the bytes that it wrote. */
  writeHidden(address: number, bytes: Uint8Array): number

  /**
   * Reads the lines of maps in `[from, to)` into rows from `firstRow` on. Returns their number; the results of the shared results have
   * the position where it stopped, and 1 where the line there is not in the kernel's format.
   */
  parseMaps(bytes: Uint8Array, from: number, to: number, rows: Uint32Array, firstRow: number): number
  /**
   * Likewise the blocks of smaps, with a column of `usage` for each of the `labels`, which end with colons. Areas with the same usage
   * share one: `usageCount` is how many there are before, in this array and in full ones of its length; the sharedResults's last result has
   * how many there are then. Stops also where the array is full.
   */
  parseSmaps(
    bytes: Uint8Array,
    from: number,
    to: number,
    rows: Uint32Array,
    firstRow: number,
    usage: Float64Array,
    usageCount: number,
    labels: Uint8Array,
  ): number
}
