/**
 * Where the addresses of programs end: the highest end up to which the kernel takes a range. That depends on the processor, on the levels of its
 * page tables and on the size of a page, and nothing tells it.
 *
 * @param accepts whether the kernel takes the range `[start, end)`, both on a border of pages
 */
export function endOfUserAddresses(
  pageSize: bigint,
  accepts: (start: bigint, end: bigint) => boolean,
): bigint | undefined {
  const page = pageSize
  // x86-64 with five and with four levels leaves out the last page.
  const ends = [1n << 63n, (1n << 56n) - page, 1n << 52n, 1n << 48n, 1n << 47n, (1n << 47n) - page]
  const smaller = [42n, 39n, 38n, 36n].map((bits) => 1n << bits)
  return [...ends, ...smaller].find((end) => accepts(end - page, end))
}
