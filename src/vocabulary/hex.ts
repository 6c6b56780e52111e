/** An address as people read it: `0x7f12a4c00000`. */
export function hex(address: bigint | number): string {
  return `0x${address.toString(16)}`
}
