import { LinuxAddressSpace } from '../../../linux/areas/linux-address-space.js'
import type { SwapRange } from '../../../paging/swap/swap-range.js'
import { PAGE_STATE } from '../../../vocabulary/page-state.js'
import { pagesInFile } from './pages-in-file.js'
import type { PageRun } from './swap-backing.js'

/**
 * Pages of the ranges that are in memory. `isPage` decides where the page table has neither a page nor nothing: the kernel has moved a page to its
 * own swap space, or the entry is poison.
 */
export function* residentPages(
  ranges: readonly SwapRange[],
  pageSize: number,
  isPage: (page: number) => boolean,
): Generator<PageRun> {
  const space = new LinuxAddressSpace('self')
  try {
    for (const { start, page, count, twin } of ranges) {
      if (twin === undefined) yield* inTable(space, start, page, count, pageSize, isPage)
      else for (const run of pagesInFile(twin, count, pageSize)) yield { page: page + run.page, count: run.count }
    }
  } finally {
    space.close()
  }
}

function* inTable(
  space: LinuxAddressSpace,
  start: number,
  first: number,
  count: number,
  pageSize: number,
  isPage: (page: number) => boolean,
): Generator<PageRun> {
  for (const run of space.pages(BigInt(start), BigInt(start + count * pageSize))) {
    const page = first + (Number(run.start) - start) / pageSize
    const length = Number(run.end - run.start) / pageSize
    if ((run.state & PAGE_STATE.PRESENT) !== 0) yield { page, count: length }
    else if ((run.state & PAGE_STATE.SWAPPED) !== 0) {
      for (let at = page; at < page + length; at++) if (isPage(at)) yield { page: at, count: 1 }
    }
  }
}
