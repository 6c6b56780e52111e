/** The bits of a page table entry. Without `PRESENT` the others are markers: the entry is empty but remembers something. */
export const PTE = {
  PRESENT: 1,
  /** The page may be written if the VMA allows it. A private page has no other user then. */
  WRITE: 2,
  /** The shared zero page, which has no owner. */
  ZERO: 4,
  /** Write-protected by userfaultfd; without `PRESENT` the marker of the protection. */
  UFFD_WP: 8,
  /** `PTE_MARKER_GUARD` */
  GUARD: 16,
  /** `PTE_MARKER_POISONED` */
  POISON: 32,
  /** `PageAnonExclusive`: no fork has shared the private page since it was last written. */
  EXCLUSIVE: 64,
  /** `pte_special` by `remap_pfn_range`: a page mapped by its frame number, whatever owns it. */
  PFN: 128,

  /** `vm_normal_page` returns none: the entry counts no page and holds no reference. */
  UNCOUNTED: 4 | 128,
} as const
