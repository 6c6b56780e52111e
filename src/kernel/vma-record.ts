/** What a kernel answers about one VMA: a copy, true at the time of the answer. */
export interface VmaRecord {
  /** Inclusive. */
  readonly start: bigint
  /** Exclusive. */
  readonly end: bigint
  readonly readable: boolean
  readonly writable: boolean
  readonly executable: boolean
  /** `VM_MAYSHARE`: a shared mapping, the `s` of `/proc/PID/maps`. */
  readonly shared: boolean
  /** Where in its file the area begins, in bytes. 0 without a file. */
  readonly offset: bigint
  readonly deviceMajor: number
  readonly deviceMinor: number
  /** 0 without a file. */
  readonly inode: bigint
  /** The raw name, as `PROCMAP_QUERY` gives it; empty where the area has none. */
  readonly pathBytes: Uint8Array
}
