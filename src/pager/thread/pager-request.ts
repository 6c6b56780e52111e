import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import type { ErrorMessage } from './error-message.js'
import type { SwapRequest } from './swap-request.js'

/** The requests of the program to the pager's thread. Addresses are numbers below 2^53. */
export type PagerRequest =
  | MapRequest
  | SwapRequest
  /** Fills the absent pages of `[offset, offset + length)`, and shows them wherever they are mapped. */
  | { readonly type: 'fill'; readonly id: number; readonly offset: number; readonly length: number }
  /** Gives the driver what programs have written to `[offset, offset + length)`. */
  | { readonly type: 'flush'; readonly id: number; readonly offset: number; readonly length: number }
  /** The caller of the `fill` with that number no longer waits. */
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'invalidate'; readonly id: number; readonly offset: number; readonly length: number }
  /** The protection of a part of a mapped range has changed. */
  | {
      readonly type: 'protect'
      readonly id: number
      readonly start: number
      readonly length: number
      readonly protection: number
    }
  /** The length of a mapped range has changed. No thread touches it meanwhile. */
  | {
      readonly type: 'resize'
      readonly id: number
      readonly start: number
      readonly oldLength: number
      readonly length: number
    }
  /** A private map is about to become writable. */
  | { readonly type: 'expectCopies'; readonly id: number; readonly start: number; readonly length: number }
  | { readonly type: 'unmap'; readonly start: number; readonly length: number }
  /** All maps of the device are laid out: pages may be asked for, and dropped. */
  | { readonly type: 'serve'; readonly id: number }
  /** Tests whether the thread still handles messages, while a call waits for an answer. */
  | { readonly type: 'ping' }
  /** Asks which pages leave next. */
  | { readonly type: 'order' }
  | { readonly type: 'close'; readonly id: number }
  /** Another thread is about to serve: closes the driver, and leaves the waiters. */
  | { readonly type: 'leave'; readonly id: number }

/** A mapped range of the device that no thread can touch yet. */
export interface MapRequest {
  readonly type: 'map'
  readonly id: number
  readonly start: number
  readonly length: number
  readonly offset: number
  /** The `PROT` bits that the program will have. */
  readonly protection: number
  /** `MAP` */
  readonly flags: number
  /** Whether it is private and is or was writable, so that it may have copies. */
  readonly copies: boolean
}

/** The messages of the pager's thread. */
export type PagerMessage =
  /**
   * The driver is set up. `threadId` is the kernel's number of the thread, `sourceId` that of its guard source, or -1. `writesBack`: the
   * driver has a `writeback` hook.
   */
  | {
      readonly type: 'ready'
      readonly size: number
      readonly threadId: number
      readonly sourceId: number
      readonly writesBack?: boolean
    }
  | { readonly type: 'pong' }
  | { readonly type: 'answer'; readonly id: number; readonly value?: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: ErrorMessage }
  /** The driver failed to provide the page at the address. Its waiters fail after this message. */
  | { readonly type: 'failure'; readonly address: number; readonly error: ErrorMessage | undefined }
  | { readonly type: 'order'; readonly order: EvictionOrder | undefined }
  /** Swapped pages can't leave memory, for this error; without one they can again. */
  | { readonly type: 'eviction'; readonly error: ErrorMessage | undefined }

/** The `VM` bits that an `mmap` hook set or cleared for a range and that the library has to hold. */
export interface MapAnswer {
  readonly set: bigint
  readonly cleared: bigint
}
