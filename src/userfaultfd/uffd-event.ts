import type { Userfaultfd } from './userfaultfd.js'

/** A thread touched a page and waits. */
export interface PagefaultEvent {
  /** Tells the events apart: `'pagefault'`. */
  readonly kind: 'pagefault'
  /** The page's, or the access's own with the feature `exact_address`. */
  readonly address: bigint
  /** `missing`: no page is there. `wp`: a write to a write-protected page. `minor`: the page is in the page cache only. */
  readonly fault: 'missing' | 'wp' | 'minor'
  /** The access was a write. */
  readonly write: boolean
  /** The kernel's number of the thread, with the feature `thread_id`. */
  readonly threadId: number | undefined
  /** All flags of the message, for those that have no name here yet. */
  readonly flags: number
}

/** The process forked, and the child's memory has a userfaultfd of its own. fork(2). */
export interface ForkEvent {
  /** Tells the events apart: `'fork'`. */
  readonly kind: 'fork'
  /** The userfaultfd of the child, with the same registered ranges: serve it, or close it. */
  readonly child: Userfaultfd
}

/** Memory moved, with its registration. mremap(2). */
export interface RemapEvent {
  /** Tells the events apart: `'remap'`. */
  readonly kind: 'remap'
  /** The first address of the memory before it moved. */
  readonly from: bigint
  /** Its first address now. */
  readonly to: bigint
  /** In bytes. */
  readonly length: number
}

/** The pages of `[start, end)` were dropped: the next touch must find zeros, never the old bytes. The range stays registered. madvise(2). */
export interface RemoveEvent {
  /** Tells the events apart: `'remove'`. */
  readonly kind: 'remove'
  /** The address of the first dropped page. */
  readonly start: bigint
  /** The address after the last dropped page. */
  readonly end: bigint
}

/** `[start, end)` was unmapped and is no longer registered. munmap(2). */
export interface UnmapEvent {
  /** Tells the events apart: `'unmap'`. */
  readonly kind: 'unmap'
  /** The first address that was unmapped. */
  readonly start: bigint
  /** The address after the last byte that was unmapped. */
  readonly end: bigint
}

/** A message of a kernel that is newer than this library. */
export interface UnknownEvent {
  /** Tells the events apart: `'unknown'`. */
  readonly kind: 'unknown'
  /** The number of the event, `UFFD_EVENT_*`: the first byte of the message. */
  readonly code: number
  /** All 32 bytes. */
  readonly bytes: Uint8Array
}

/** An event of a userfaultfd. */
export type UffdEvent = PagefaultEvent | ForkEvent | RemapEvent | RemoveEvent | UnmapEvent | UnknownEvent
