/** The number of a cluster's slots. */
const SLOTS = 16_384

// CRC-16/XMODEM, byte by byte.
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
  return crc
})

/** The slot of a cluster in which a key lies. The key is ASCII and has no braces. */
export function keySlot(key: string): number {
  let crc = 0
  for (let index = 0; index < key.length; index++) {
    crc = ((crc << 8) ^ table[((crc >>> 8) ^ key.charCodeAt(index)) & 0xff]!) & 0xffff
  }
  return crc % SLOTS
}
