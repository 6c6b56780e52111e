import type { Mm } from '../structs/mm.js'
import { PTE } from '../structs/pte.js'

/**
 * How zapping a range treats its markers. `drop`: removes all. `keep`: keeps guards. `keep-marks`: keeps the markers of a userfaultfd
 * too. `keep-and-mark`: leaves such a marker also for each page that was write-protected.
 */
export type Markers = 'drop' | 'keep' | 'keep-marks' | 'keep-and-mark'

/**
 * `unmap_page_range`, `zap_nonpresent_ptes`: removes the pages in `[start, end)`, and poison.
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
    } else if (bits & PTE.UFFD_WP && !(bits & PTE.GUARD) && markers === 'keep') {
      // A guard that is write-protected is a guard still.
      table.bits[index] = 0
    }
  })
}
