import type { GuestRegion } from '../../kernel/guest-host.js'
import { hex } from '../../vocabulary/hex.js'
import { badMessage } from './bad-message.js'

const LARGEST_PAGE = 2 << 20

/** Returns the regions by address. Throws `ERR_VMAREA_BAD_MESSAGE` where one is empty, unaligned, or overlaps another's addresses. */
export function checkRegions(regions: readonly GuestRegion[], basePage: number): readonly GuestRegion[] {
  for (const [index, { start, length, offset, pageSize }] of regions.entries()) {
    if (pageSize !== basePage && pageSize !== LARGEST_PAGE) {
      throw badMessage(`region ${index} has pages of ${pageSize} bytes: it must be ${basePage} or ${LARGEST_PAGE}`)
    }
    if (length === 0) throw badMessage(`region ${index} is empty`)
    for (const [name, value] of Object.entries({ address: start, size: length })) {
      if (value % pageSize !== 0) throw badMessage(`the ${name} ${value} of region ${index} is no multiple of its page`)
    }
    if (offset % basePage !== 0) throw badMessage(`the offset ${offset} of region ${index} is no multiple of a page`)
    if (start + length > Number.MAX_SAFE_INTEGER || offset + length > Number.MAX_SAFE_INTEGER) {
      throw badMessage(`region ${index} ends beyond 2^53`)
    }
  }
  const sorted = regions.toSorted((one, other) => one.start - other.start)
  for (const [index, { start }] of sorted.entries()) {
    const before = sorted[index - 1]
    if (before !== undefined && before.start + before.length > start) {
      throw badMessage(`the region at ${hex(BigInt(start))} overlaps the one at ${hex(BigInt(before.start))}`)
    }
  }
  return sorted
}
