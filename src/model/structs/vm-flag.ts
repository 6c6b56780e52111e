/**
 * A VMA's flags as the model keeps them: one 32-bit word, so that no flag test allocates.
 *
 * The bits are those of `VM`, except that three of Linux's flags above bit 31 use bits that the model never sets in their own meaning
 * (`HUGETLB`, `ARCH_1`, `SOFTDIRTY`). `VM.SEALED` is `Vma.sealed`. `vmFlagsOf` and `bitsOf` translate.
 */
export const VM_FLAG = {
  READ: 0x1,
  WRITE: 0x2,
  EXEC: 0x4,
  SHARED: 0x8,
  MAYREAD: 0x10,
  MAYWRITE: 0x20,
  MAYEXEC: 0x40,
  MAYSHARE: 0x80,
  GROWSDOWN: 0x100,
  UFFD_MISSING: 0x200,
  PFNMAP: 0x400,
  MAYBE_GUARD: 0x800,
  UFFD_WP: 0x1000,
  LOCKED: 0x2000,
  IO: 0x4000,
  SEQ_READ: 0x8000,
  RAND_READ: 0x1_0000,
  DONTCOPY: 0x2_0000,
  DONTEXPAND: 0x4_0000,
  LOCKONFAULT: 0x8_0000,
  ACCOUNT: 0x10_0000,
  NORESERVE: 0x20_0000,
  /** `VM.UFFD_MINOR`, bit 41 */
  UFFD_MINOR: 0x40_0000,
  SYNC: 0x80_0000,
  /** `VM.DROPPABLE`, bit 40 */
  DROPPABLE: 0x100_0000,
  WIPEONFORK: 0x200_0000,
  DONTDUMP: 0x400_0000,
  /** The protection key of execute-only memory, `VM.PKEY_BIT0`, bit 32 */
  EXECUTE_ONLY: 0x800_0000,
  MIXEDMAP: 0x1000_0000,
  HUGEPAGE: 0x2000_0000,
  NOHUGEPAGE: 0x4000_0000,
  MERGEABLE: -0x8000_0000,

  /** `VM_ACCESS_FLAGS` */
  ACCESS: 0x7,
  /** `VM_STICKY`, `VM_IGNORE_MERGE`: ignored when two VMAs are compared, and passed on when they merge. */
  STICKY: 0x800,
  /** `VM_SPECIAL`: IO, DONTEXPAND, PFNMAP, MIXEDMAP. Such a VMA never merges. */
  SPECIAL: 0x4000 | 0x4_0000 | 0x400 | 0x1000_0000,
  /** `VM_LOCKED_MASK` */
  LOCKED_MASK: 0x2000 | 0x8_0000,
  /** `__VM_UFFD_FLAGS` */
  UFFD: 0x200 | 0x1000 | 0x40_0000,
} as const
