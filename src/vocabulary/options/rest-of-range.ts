/**
 * The length of a range that is not given: to the end. An offset past the end or of another type than a number is left to the check of the
 * range, which names it.
 */
export function restOfRange(size: number, offset: number): number {
  return typeof offset === 'number' ? Math.max(size - offset, 0) : size
}
