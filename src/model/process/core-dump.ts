import { checkVmaFlags } from '../faults/check-vma-flags.js'
import type { Mm } from '../structs/mm.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/** `MMF_DUMP_*` as `/proc/PID/coredump_filter` has them. */
export const DUMP = {
  ANON_PRIVATE: 0x01,
  ANON_SHARED: 0x02,
  MAPPED_PRIVATE: 0x04,
  MAPPED_SHARED: 0x08,
  ELF_HEADERS: 0x10,
} as const

/** The part of an area that a core dump holds. */
export interface DumpedRange {
  /** The first address of the area. */
  readonly start: bigint
  /** The address after its last byte. */
  readonly end: bigint
  /** The bytes from `start` on that the dump holds; 0 where the area is only listed. */
  readonly bytes: number
  /**
   * Whether the kernel can't read the area, so that those bytes are a hole of zeros: execute-only memory on a processor with protection
   * keys, and memory of a driver without pages (`VM_PFNMAP`).
   */
  readonly isHole: boolean
}

/** `vma_dump_size` and `get_dump_page` for every area, with the default filter unless another is given. */
export function coreDump(
  mm: Mm,
  filter: number = DUMP.ANON_PRIVATE | DUMP.ANON_SHARED | DUMP.ELF_HEADERS,
): DumpedRange[] {
  return [...mm.tree].map((vma) => ({
    start: BigInt(vma.start),
    end: BigInt(vma.end),
    bytes: dumpSize(vma, filter),
    isHole: checkVmaFlags(vma, false, true) !== 0,
  }))
}

function dumpSize(vma: Vma, filter: number): number {
  const { flags, file, mm, pgoff } = vma
  const whole = vma.end - vma.start
  if (flags & (VM_FLAG.DONTDUMP | VM_FLAG.IO)) return 0
  if (flags & VM_FLAG.SHARED) return filter & (file!.inode.unlinked ? DUMP.ANON_SHARED : DUMP.MAPPED_SHARED) ? whole : 0
  if (vma.anonVma !== undefined && filter & DUMP.ANON_PRIVATE) return whole
  if (file === undefined) return 0
  if (filter & DUMP.MAPPED_PRIVATE) return whole
  if (!(filter & DUMP.ELF_HEADERS) || pgoff !== 0 || !(flags & VM_FLAG.READ)) return 0
  const head = file.inode.pages.get(0)
  return head?.touched && isElf(head.bytes) ? mm.pageSize : 0
}

function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
}
