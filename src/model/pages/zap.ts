import type { Mm } from '../structs/mm.js'
import { PTE } from '../structs/pte.js'

/**
 * What becomes of the markers in a range that is zapped. `drop`: nothing stays. `keep`: guards stay. `keep-marks`: the marks of a
 * userfaultfd as well. `keep-and-mark`: and pages that it had write-protected leave such a mark.
 */
export type Markers = 'drop' | 'keep' | 'keep-marks' | 'keep-and-mark'

/**
 * `unmap_page_range`, `zap_nonpresent_ptes`: takes the pages in `[start, end)` away, and poison.
 */
export function zap(mm: Mm, start: number, end: number, markers: Markers): void {
  mm.tables.visit(start / mm.pageSize, end / mm.pageSize, (_page, table, index) => {
    const bits = table.bits[index]!
    if (bits & PTE.PRESENT) {
      const page = table.pages[index]!
      if (!(bits & PTE.UNCOUNTED)) {
        page.references--
        if (page.kind === 'anonymous') mm.anonymousPages--
        else mm.filePages--
      }
      table.pages[index] = undefined
      table.bits[index] = markers === 'keep-and-mark' && bits & PTE.UFFD_WP ? PTE.UFFD_WP : 0
    } else if (markers === 'drop' || bits & PTE.POISON) {
      table.bits[index] = 0
    } else if (bits & PTE.UFFD_WP && markers === 'keep') {
      table.bits[index] = 0
    }
  })
}
