/**
 * The end of a program's addresses: the highest end of a range that the kernel accepts. It depends on the processor, the levels of its
 * page tables and the page size, and no call reports it.
 *
 * @param accepts whether the kernel accepts the range `[start, end)`, both on pages
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
