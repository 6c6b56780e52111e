import type { Mm } from './mm.js'
import { PTE } from './pte.js'

/** What becomes of the markers in a range that is zapped. */
export type Markers = 'drop' | 'keep' | 'keep-wp'

/**
 * `unmap_page_range`, `zap_nonpresent_ptes`: takes the pages in `[start, end)` away, and poison. Guards survive, unless the range
 * itself goes (`drop`); `keep-wp` also remembers what userfaultfd had write-protected, as file memory does.
 */
export function zap(mm: Mm, start: number, end: number, markers: Markers): void {
  mm.tables.visit(start / mm.pageSize, end / mm.pageSize, (_page, table, index) => {
    const bits = table.bits[index]!
    if (bits & PTE.PRESENT) {
      const page = table.pages[index]!
      if (!(bits & PTE.ZERO)) {
        page.references--
        if (page.kind === 'anonymous') mm.anonymousPages--
        else mm.filePages--
      }
      table.pages[index] = undefined
      table.bits[index] = markers === 'keep-wp' && bits & PTE.UFFD_WP ? PTE.UFFD_WP : 0
    } else if (markers === 'drop' || bits & PTE.POISON) {
      table.bits[index] = 0
    } else if (bits & PTE.UFFD_WP && markers === 'keep') {
      table.bits[index] = 0
    }
  })
}
