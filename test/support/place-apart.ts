/** Free on each processor with 47 or more bits of addresses, far below what the kernel chooses, and of no sanitizer. */
const START = 0x2100_0000_0000n
/** Places begin at multiples of this many bytes, and lie at least as far apart. */
const STEP = 1n << 24n

let next = START

/**
 * A hint for mmap(2): an address at which nobody else maps anything, whatever is unmapped there. The kernel fills the highest gap that is
 * large enough, so a hole that a test leaves in a map beside the process's own memory can become a heap's, which then goes with the map.
 */
export function placeApart(length: number): bigint {
  const place = next
  next += (BigInt(length) / STEP + 2n) * STEP
  return place
}
