import type { ErrorMessage } from './error-message.js'
import type { SwapRequest } from './swap-request.js'

/** What the program asks of the pager's thread. Addresses are numbers below 2^53. */
export type PagerRequest =
  | MapRequest
  | SwapRequest
  /** Fills what is absent in `[offset, offset + length)`, and shows it wherever it is mapped. */
  | { readonly type: 'fill'; readonly id: number; readonly offset: number; readonly length: number }
  /** The caller of the `fill` with that number waits no more. */
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'invalidate'; readonly id: number; readonly offset: number; readonly length: number }
  /** What the program may do in a part of a mapped range is another from now on. */
  | {
      readonly type: 'protect'
      readonly id: number
      readonly start: number
      readonly length: number
      readonly protection: number
    }
  /** A mapped range has another length. No thread touches it meanwhile. */
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
  /** Asks whether the thread still handles messages, while a call waits for an answer. */
  | { readonly type: 'ping' }
  | { readonly type: 'close'; readonly id: number }
  /** Another thread is about to serve: closes the driver, and leaves the waiters. */
  | { readonly type: 'leave'; readonly id: number }

/** A range of the device that was laid out and can't be touched yet. */
export interface MapRequest {
  readonly type: 'map'
  readonly id: number
  readonly start: number
  readonly length: number
  readonly offset: number
  /** `PROT`: what the program will be allowed. */
  readonly protection: number
  /** `MAP` */
  readonly flags: number
  /** It is private, and may be written to, or was. */
  readonly copies: boolean
}

/** What the pager's thread says. */
export type PagerMessage =
  /** The driver is there. `threadId` is the kernel's number of the thread, `sourceId` that of its guard source, or -1. */
  | { readonly type: 'ready'; readonly size: number; readonly threadId: number; readonly sourceId: number }
  | { readonly type: 'pong' }
  | { readonly type: 'answer'; readonly id: number; readonly value?: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: ErrorMessage }
  /** The driver did not give the page at the address. Its waiters fail after this message. */
  | { readonly type: 'failure'; readonly address: number; readonly error: ErrorMessage | undefined }
  /** Swapped pages can't leave memory, for this error; without one they can again. */
  | { readonly type: 'eviction'; readonly error: ErrorMessage | undefined }

/** What an `mmap` hook made of a range, beyond what the kernel was advised: bits of `VM`. */
export interface MapAnswer {
  readonly set: bigint
  readonly cleared: bigint
}
