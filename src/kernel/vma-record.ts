/** A kernel's record of one VMA: a copy, which may be stale when it is read. */
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
  /** The offset in its file at which the area begins, in bytes. 0 without a file. */
  readonly offset: bigint
  readonly deviceMajor: number
  readonly deviceMinor: number
  /** 0 without a file. */
  readonly inode: bigint
  /** The raw name, as `PROCMAP_QUERY` gives it; empty where the area has none. */
  readonly pathBytes: Uint8Array
}
