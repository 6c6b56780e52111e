/** The byte at an offset, by `read`. */
export function byteAt(mapping: { read(offset: number, target: Uint8Array): Uint8Array }, offset: number): number {
  return mapping.read(offset, new Uint8Array(1))[0]!
}
