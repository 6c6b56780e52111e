/**
 * `VM_*`: the bits of a VMA's flags (`vm_flags_t`), with the kernel's names and values on x86-64.
 *
 * `VmaRef.flags` has them.
 */
export const VM = {
  NONE: 0n,
  READ: 0x1n,
  WRITE: 0x2n,
  EXEC: 0x4n,
  SHARED: 0x8n,
  MAYREAD: 0x10n,
  MAYWRITE: 0x20n,
  MAYEXEC: 0x40n,
  MAYSHARE: 0x80n,
  GROWSDOWN: 0x100n,
  UFFD_MISSING: 0x200n,
  PFNMAP: 0x400n,
  /** Linux 6.19 and later. */
  MAYBE_GUARD: 0x800n,
  UFFD_WP: 0x1000n,
  LOCKED: 0x2000n,
  IO: 0x4000n,
  SEQ_READ: 0x8000n,
  RAND_READ: 0x1_0000n,
  DONTCOPY: 0x2_0000n,
  DONTEXPAND: 0x4_0000n,
  LOCKONFAULT: 0x8_0000n,
  ACCOUNT: 0x10_0000n,
  NORESERVE: 0x20_0000n,
  HUGETLB: 0x40_0000n,
  SYNC: 0x80_0000n,
  ARCH_1: 0x100_0000n,
  WIPEONFORK: 0x200_0000n,
  DONTDUMP: 0x400_0000n,
  SOFTDIRTY: 0x800_0000n,
  MIXEDMAP: 0x1000_0000n,
  HUGEPAGE: 0x2000_0000n,
  NOHUGEPAGE: 0x4000_0000n,
  MERGEABLE: 0x8000_0000n,
  PKEY_BIT0: 1n << 32n,
  PKEY_BIT1: 1n << 33n,
  PKEY_BIT2: 1n << 34n,
  PKEY_BIT3: 1n << 35n,
  SHADOW_STACK: 1n << 37n,
  ALLOW_ANY_UNCACHED: 1n << 39n,
  DROPPABLE: 1n << 40n,
  UFFD_MINOR: 1n << 41n,
  SEALED: 1n << 42n,
} as const

/** The name of a VMA flag. */
export type VmFlagName = keyof typeof VM
