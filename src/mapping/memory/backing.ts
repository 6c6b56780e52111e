import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Region } from '../../kernel/region.js'

/**
 * What is behind a mapping: the bytes of a file or of a device from an offset on, or nothing. It holds no descriptor: a process may have
 * thousands of mappings.
 */
export interface Backing {
  readonly shared: boolean
  /** How `decommit` gives memory back: it maps nothing over it, frees the pages, drops private copies, or leaves the pages to their file. */
  readonly decommits: 'replace' | 'remove' | 'drop' | 'leave'

  /** Names the file behind the memory: the same for all mappings of one file, and for no other file. */
  readonly file?: string
  /** What is behind the part of the mapping from `bytes` on. */
  from(bytes: number): Backing
  /** Whether `next` is the same file or device, `size` bytes further on. `undefined` leaves it to the kernel, which compares the areas. */
  continuesIn(next: Backing, size: number): boolean | undefined
  /** Adds to a fault at `offset` of the mapping, in memory with pages of `pageSize` bytes, what is known of the thing behind it. */
  explain(fault: FaultRecord, offset: number, pageSize: number): FaultRecord
  /** Why the system call may have failed with `EACCES`, as a sentence. */
  whyNotAllowed(syscall: string): string | undefined
  /** For people, as `'data.bin' at 4096`. */
  describe(): string
}

/** What is to be mapped. Arguments as of `Regions.mapRegion`; the offset lies on a page. */
export interface BackingRequest {
  readonly address: bigint
  readonly length: number
  readonly protection: number
  readonly flags: number
  readonly offset: number
  readonly pageSize: number
}

/** What a mapping is made of, open for as long as making it takes. */
export interface BackingSource extends Disposable {
  /** What offsets count in; `undefined` where there is nothing behind the memory. */
  readonly name: 'file' | 'device' | undefined
  /** Bytes, where they are known. */
  readonly size: number | undefined
  /** Why the size is not known, where that is more than that it is not: a sentence. */
  readonly whyNoSize?: string
  /** Bytes a page, where the source decides that. */
  readonly pageSize: number | undefined
  map(request: BackingRequest): Region
  /** What is behind memory whose first byte is at `offset`. */
  backing(offset: number, shared: boolean): Backing
}
