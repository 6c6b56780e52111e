/**
 * An address as the model counts: a number. What lies past 2^53 lies past everything that can be mapped; it stays there, as far from a
 * page's beginning as it was.
 */
export function addressOf(address: bigint): number {
  const unsigned = BigInt.asUintN(64, address)
  return unsigned < 0x20_0000_0000_0000n ? Number(unsigned) : 2 ** 52 + Number(unsigned & 0xffffn)
}
