/** Hexadecimal digits whose number is exact: 13 of them have 52 bits. */
const EXACT = '0x'.length + 13

/** The number of the page at an address, given as a hexadecimal string; with a fraction where the address is not on a page. */
export function pageOf(address: string, pageSize: number): number {
  if (address.length <= EXACT) return Number.parseInt(address, 16) / pageSize
  const value = BigInt(address)
  const size = BigInt(pageSize)
  return Number(value / size) + (value % size === 0n ? 0 : 0.5)
}
