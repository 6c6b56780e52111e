/** The bits of a page table entry. Without `PRESENT` the others are markers: the entry is empty but remembers something. */
export const PTE = {
  PRESENT: 1,
  /** May be written if the VMA allows it: of private memory, the page has no other user. */
  WRITE: 2,
  /** The shared zero page, which has no owner. */
  ZERO: 4,
  /** Write-protected by userfaultfd; without `PRESENT` the marker that remembers it. */
  UFFD_WP: 8,
  /** `PTE_MARKER_GUARD` */
  GUARD: 16,
  /** `PTE_MARKER_POISONED` */
  POISON: 32,
  /** `PageAnonExclusive`: no fork has shared the private page since it was last written. */
  EXCLUSIVE: 64,
  /** `pte_special` by `remap_pfn_range`: the page's owner does not matter. */
  PFN: 128,

  /** `vm_normal_page` finds none: the page is not counted and not referred to. */
  UNCOUNTED: 4 | 128,
} as const
