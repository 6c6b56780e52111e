/** Bytes of which any two places look different, and any two versions. */
export function patterned(length: number, version = 1): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let index = 0; index < length; index += 1)
    bytes[index] = (Math.imul(index + version, 0x9e3779b1) >>> 24) ^ version
  return bytes
}
