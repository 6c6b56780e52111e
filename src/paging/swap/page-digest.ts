/**
 * A digest of 53 bits of a page, in plain JavaScript: two lanes of multiply and rotate over its 32-bit words. It finds damage and tells whether a
 * page has changed; it resists no attacker. It is 0 for a page of zeros alone.
 */
export function pageDigest(page: Uint8Array): number {
  let [low, high, any] = [0x9e3779b1, 0x85ebca77, 0]
  const aligned = page.byteOffset % 4 === 0
  const words = aligned
    ? new Int32Array(page.buffer, page.byteOffset, page.length >>> 2)
    : new Int32Array(page.slice().buffer)
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!
    any |= word
    low = Math.imul(low ^ word, 0x9e3779b1)
    low = (low << 13) | (low >>> 19)
    high = Math.imul(high ^ low ^ word, 0x85ebca77)
    high = (high << 17) | (high >>> 15)
  }
  if (any === 0) return 0
  low = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d)
  high = Math.imul(high ^ (high >>> 16) ^ low, 0x297a2d39)
  return ((high >>> 0) % 2 ** 21) * 2 ** 32 + (low >>> 0) || 1
}
