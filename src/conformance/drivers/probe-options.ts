/** What the driver of the suite does. All of it can be cloned. */
export interface ProbeOptions {
  /** Bytes; without it the device has no end. */
  readonly size?: number
  /** What the `mmap` hook calls on its `VmaNew`, in this order. */
  readonly setUp?: readonly ProbeSetUp[]
  /** Pages of the driver's own that the `mmap` hook puts in: which page of the area, and the byte that fills it. */
  readonly insert?: readonly (readonly [page: number, byte: number])[]
  /** What the `mmap` hook throws in the end. */
  readonly refuse?: 'VmError' | 'Error'
  /** How the `fault` hook answers: at once by default. */
  readonly fault?: 'at once' | 'later' | 'never' | 'with its own page' | 'by inserting its own page' | 'none'
  /** Pages whose `fault` throws, and how often. */
  readonly broken?: readonly (readonly [page: number, times: number])[]
  /** What broken pages throw. */
  readonly brokenWith?: 'VmError' | 'Error'
  /** Touching this page has the driver forget page 0. */
  readonly forgetAt?: number
  /** What the `pageMkwrite` hook does, if there is to be one. */
  readonly pageMkwrite?: 'allow' | 'refuse'
  /** The `open` hook never ends. */
  readonly hangs?: boolean
  /** What is wrong with the `close` hook, if there is to be one. */
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
 * What stands in a page that the driver filled, as 32-bit little-endian numbers from its first byte on; behind them each byte is the
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
} as const

/** How many bytes of a page those numbers take. */
export const PROBE_HEAD = 4 * Object.keys(PROBE).length
