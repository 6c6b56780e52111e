type Changing = 'copyWithin' | 'fill' | 'reverse' | 'set' | 'sort' | 'subarray'

/**
 * Bytes that may only be read: a `Uint8Array` without the members that write. It is one at run time, and a write through a cast
 * is contained and reported, like every other wrong access.
 */
export interface ReadonlyBytes extends Omit<Uint8Array<ArrayBuffer>, Changing | number> {
  readonly [index: number]: number
  /** A part of these bytes, over the same memory. */
  subarray(begin?: number, end?: number): ReadonlyBytes
}
