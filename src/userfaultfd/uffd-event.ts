import type { Userfaultfd } from './userfaultfd.js'

/** A thread touched a page and waits. */
export interface PagefaultEvent {
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

/** The process forked. The child's memory has a userfaultfd of its own, which is the reader's to serve and to close. */
export interface ForkEvent {
  readonly kind: 'fork'
  readonly child: Userfaultfd
}

/** Memory moved, with its registration. */
export interface RemapEvent {
  readonly kind: 'remap'
  readonly from: bigint
  readonly to: bigint
  /** In bytes. */
  readonly length: number
}

/** The pages of `[start, end)` were dropped: the next touch must find zeros, never the old bytes. The range stays registered. */
export interface RemoveEvent {
  readonly kind: 'remove'
  readonly start: bigint
  readonly end: bigint
}

/** `[start, end)` was unmapped and is no longer registered. */
export interface UnmapEvent {
  readonly kind: 'unmap'
  readonly start: bigint
  readonly end: bigint
}

/** A message of a kernel that is newer than this library. */
export interface UnknownEvent {
  readonly kind: 'unknown'
  readonly code: number
  /** All 32 bytes. */
  readonly bytes: Uint8Array
}

/** An event of a userfaultfd. */
export type UffdEvent = PagefaultEvent | ForkEvent | RemapEvent | RemoveEvent | UnmapEvent | UnknownEvent
