/** The whole pages that `[offset, offset + length)` touches, as `[start, end)` in bytes, and none from `limit` on. */
export function pageRange(
  offset: number,
  length: number,
  pageSize: number,
  limit: number,
): { readonly start: number; readonly end: number } {
  return {
    start: Math.floor(offset / pageSize) * pageSize,
    end: Math.min(limit, Math.ceil((offset + length) / pageSize) * pageSize),
  }
}
