/** All bytes of the page are 0. */
export function isZero(page: Uint8Array): boolean {
  if (page[0] !== 0) return false
  if (page.byteOffset % 8 === 0 && page.length % 8 === 0) {
    const words = new Float64Array(page.buffer, page.byteOffset, page.length / 8)
    // -0 is equal to 0 and is not all zeros; its last byte tells.
    for (let index = 0; index < words.length; index++) {
      if (words[index] !== 0 || page[index * 8 + 7] !== 0) return false
    }
    return true
  }
  return page.every((byte) => byte === 0)
}
