/**
 * An address as a number: exact below 2^53, and exact to the page everywhere. Above, an address within a page becomes the middle of that
 * page, so that sums of addresses and lengths wrap where they do in 64 bits.
 */
export function addressOf(address: bigint): number {
  const unsigned = BigInt.asUintN(64, address)
  if (unsigned < 0x20_0000_0000_0000n) return Number(unsigned)
  const inPage = unsigned & 0xfffn
  return Number(unsigned - inPage) + (inPage === 0n ? 0 : 2048)
}
