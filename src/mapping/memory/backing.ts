import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Region } from '../../kernel/region.js'

/**
 * The object behind a mapping: a file or a device from an offset on, or nothing. It holds no descriptor, because a process may have
 * thousands of mappings.
 */
export interface Backing {
  readonly shared: boolean
  /** How `decommit` frees memory: it maps inaccessible memory over it, frees the pages, drops private copies, or leaves the pages to the file. */
  readonly decommits: 'replace' | 'remove' | 'drop' | 'leave'

  /** Names the file behind the memory: the same for all mappings of one file, and for no other file. */
  readonly file?: string
  /**
   * Opens what is behind a shared mapping for writing, where that is a file: its descriptor, and where in it the mapping begins. Throws
   * where it is not to be reached any more.
   */
  reopen?(): Disposable & { readonly descriptor: number; readonly offset: number }
  /** Writes `length` bytes from `offset` of the mapping on back to what is behind it, where the kernel does not: a device. */
  flush?(offset: number, length: number): Promise<void>
  /** As `flush`, and returns when it is done. */
  flushNow?(offset: number, length: number): void
  /** The backing of the part of the mapping that begins at `bytes`. */
  from(bytes: number): Backing
  /** Whether `next` is the same file or device, `size` bytes further on. `undefined`: the kernel's areas have to be compared. */
  continuesIn(next: Backing, size: number): boolean | undefined
  /** A fault at `offset` of the mapping, in memory with pages of `pageSize` bytes, with the reason that the file or device gives for it. */
  explain(fault: FaultRecord, offset: number, pageSize: number): FaultRecord
  /** Why the system call may have failed with `EACCES`, as a sentence. */
  whyNotAllowed(syscall: string): string | undefined
  /** A phrase for messages, as `'data.bin' at 4096`. */
  describe(): string
}

/** The arguments of `Regions.mapRegion`. The offset lies on a page. */
export interface BackingRequest {
  readonly address: bigint
  readonly length: number
  readonly protection: number
  readonly flags: number
  readonly offset: number
  readonly pageSize: number
}

/** The file, device or anonymous memory that a mapping is made of, open until the mapping is made. */
export interface BackingSource extends Disposable {
  /** What offsets count in; `undefined` for anonymous memory. */
  readonly name: 'file' | 'device' | undefined
  /** The length in bytes, where it is known. */
  readonly size: number | undefined
  /** A sentence on why the size is not known, where there is a particular reason. */
  readonly whyNoSize?: string
  /** Bytes a page, where the source decides it. */
  readonly pageSize: number | undefined
  map(request: BackingRequest): Region
  /** The backing of memory whose first byte is at `offset`. */
  backing(offset: number, shared: boolean): Backing
}
