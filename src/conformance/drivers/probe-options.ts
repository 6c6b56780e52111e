/** The options of the suite's driver, which can be cloned. */
export interface ProbeOptions {
  /** The size in bytes. Without it the device has no end. */
  readonly size?: number
  /** What the `mmap` hook calls on its `VmaNew`, in this order. */
  readonly setUp?: readonly ProbeSetUp[]
  /** Pages of the driver that the `mmap` hook inserts: the page's index in the area, and the byte that fills it. */
  readonly insert?: readonly (readonly [page: number, byte: number])[]
  /** What the `mmap` hook throws at its end. */
  readonly refuse?: 'VmError' | 'Error'
  /** How the `fault` hook answers: at once by default. */
  readonly fault?: 'at once' | 'later' | 'never' | 'with its own page' | 'by inserting its own page' | 'none'
  /** Pages for which the `fault` hook throws, and how often. */
  readonly broken?: readonly (readonly [page: number, times: number])[]
  /** What the hook throws for these pages. */
  readonly brokenWith?: 'VmError' | 'Error'
  /** When this page is touched, the driver invalidates page 0. */
  readonly forgetAt?: number
  /** What the `pageMkwrite` hook does. Without it there is no such hook. */
  readonly pageMkwrite?: 'allow' | 'refuse'
  /** What the `writeback` hook does, if there is to be one: it keeps the pages, and `fault` gives them back. */
  readonly writeback?: 'at once' | 'later' | 'never'
  /** How often the `writeback` hook refuses before it keeps pages. */
  readonly refusals?: number
  /** The `open` hook never ends. */
  readonly hangs?: boolean
  /** How the `close` hook misbehaves. Without it there is no such hook. */
  readonly close?: 'throws' | 'never ends'
}

export type ProbeSetUp =
  | 'setMixedmap'
  | 'setIo'
  | 'setDontexpand'
  | 'setDontcopy'
  | 'setDontdump'
  | 'tryClearMayread'
  | 'tryClearMaywrite'
  | 'tryClearMayexec'

/**
 * The content of a page that the driver filled: these 32-bit little-endian numbers from its first byte on, and after them the
 * page's number.
 */
export const PROBE = {
  /** Which page of the device it is. */
  page: 0,
  /** How often the `fault` hook was called, this call included. */
  fills: 1,
  /** How many pages this call asked for. */
  run: 2,
  /** How often the `open`, `mmap` and `pageMkwrite` hooks were called so far. */
  opens: 3,
  maps: 4,
  writes: 5,
  /** How many pages the `writeback` hook was given so far, and how many bytes the last time. */
  given: 6,
  givenLast: 7,
} as const

/** How many bytes of a page those numbers take. */
export const PROBE_HEAD = 4 * Object.keys(PROBE).length
