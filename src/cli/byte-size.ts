import { byteSize as inUnits } from '../snapshot/byte-size.js'

/** Bytes for people, at most five columns. Zero is blank. */
export function byteSize(bytes: number): string {
  return bytes === 0 ? '' : inUnits(bytes)
}
