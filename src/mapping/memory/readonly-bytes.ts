type Changing = 'copyWithin' | 'fill' | 'reverse' | 'set' | 'sort' | 'subarray'

/**
 * Bytes that may only be read: a `Uint8Array` whose members that write can't be called.
 *
 * It passes for a `Uint8Array` wherever one is asked for, because nearly everything that only reads bytes asks for that (`TextDecoder`,
 * `fs.writeSync`, a hash). A write to it there is contained and reported, like every other bad access.
 */
export interface ReadonlyBytes extends Omit<Uint8Array<ArrayBuffer>, Changing | number> {
  /** The byte at an index; `undefined` past the end. */
  readonly [index: number]: number
  /** A part of these bytes, over the same memory. */
  subarray(begin?: number, end?: number): ReadonlyBytes
  /** @deprecated These bytes may only be read. */
  copyWithin(this: never, target: number, start: number, end?: number): Uint8Array<ArrayBuffer>
  /** @deprecated These bytes may only be read. */
  fill(this: never, value: number, start?: number, end?: number): Uint8Array<ArrayBuffer>
  /** @deprecated These bytes may only be read. */
  reverse(this: never): Uint8Array<ArrayBuffer>
  /** @deprecated These bytes may only be read. */
  set(this: never, array: ArrayLike<number>, offset?: number): void
  /** @deprecated These bytes may only be read. */
  sort(this: never, compare?: (a: number, b: number) => number): Uint8Array<ArrayBuffer>
}
