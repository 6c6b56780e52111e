import { addon } from '#vmarea/linux/addon/addon.js'

/** Free on each processor with 47 or more bits of addresses, and far below what the kernel chooses. */
const START = 0x2100_0000_0000n
/** Bytes between two places. */
const GAP = 1n << 24n

let next = START

/**
 * A hint for mmap(2): an address at which nobody else maps anything, whatever is unmapped there. The kernel fills the highest gap that is
 * large enough, so a hole that a test leaves in a map beside the process's own memory can become a heap's, which then goes with the map.
 */
export function placeApart(length: number): bigint {
  const place = next
  const page = BigInt(addon().pageSize)
  next += (BigInt(length) + GAP + page - 1n) & -page
  return place
}
