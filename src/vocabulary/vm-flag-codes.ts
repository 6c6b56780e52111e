import { VM, type VmFlagName } from './vm.js'

/**
 * The two letters that /proc/PID/smaps prints for each flag (`show_smap_vma_flags`). Without an entry: the kernel prints none
 * (protection keys have a line of their own) or `??`.
 */
export const VM_FLAG_CODES: Readonly<Partial<Record<VmFlagName, string>>> = {
  READ: 'rd',
  WRITE: 'wr',
  EXEC: 'ex',
  SHARED: 'sh',
  MAYREAD: 'mr',
  MAYWRITE: 'mw',
  MAYEXEC: 'me',
  MAYSHARE: 'ms',
  GROWSDOWN: 'gd',
  UFFD_MISSING: 'um',
  PFNMAP: 'pf',
  MAYBE_GUARD: 'gu',
  UFFD_WP: 'uw',
  LOCKED: 'lo',
  IO: 'io',
  SEQ_READ: 'sr',
  RAND_READ: 'rr',
  DONTCOPY: 'dc',
  DONTEXPAND: 'de',
  LOCKONFAULT: 'lf',
  ACCOUNT: 'ac',
  NORESERVE: 'nr',
  HUGETLB: 'ht',
  SYNC: 'sf',
  ARCH_1: 'ar',
  WIPEONFORK: 'wf',
  DONTDUMP: 'dd',
  SOFTDIRTY: 'sd',
  MIXEDMAP: 'mm',
  HUGEPAGE: 'hg',
  NOHUGEPAGE: 'nh',
  MERGEABLE: 'mg',
  SHADOW_STACK: 'ss',
  DROPPABLE: 'dp',
  UFFD_MINOR: 'ui',
  SEALED: 'sl',
}

const flagOfCode = new Map(Object.entries(VM_FLAG_CODES).map(([name, code]) => [code, VM[name as VmFlagName]] as const))

/** The flags for codes such as `'rd wr mr mw me ac'`, and the codes without a flag. */
export function flagsByCode(codes: string): { flags: bigint; unknown: string[] } {
  let flags: bigint = VM.NONE
  const unknown: string[] = []
  for (const code of codes.split(' ')) {
    if (code === '') continue
    const flag = flagOfCode.get(code)
    if (flag === undefined) unknown.push(code)
    else flags |= flag
  }
  return { flags, unknown }
}

/** The codes of the flags, in the kernel's order: `codesOfFlags(VM.READ | VM.WRITE)` is `['rd', 'wr']`. `'??'` for each other bit. */
export function codesOfFlags(flags: bigint): string[] {
  const codes: string[] = []
  for (let bits = flags, bit = 1n; bits !== 0n; bits >>= 1n, bit <<= 1n) {
    if ((bits & 1n) === 0n || (bit & PROTECTION_KEY) !== 0n) continue
    codes.push(codeOfFlag.get(bit) ?? '??')
  }
  return codes
}

const PROTECTION_KEY: bigint = VM.PKEY_BIT0 | VM.PKEY_BIT1 | VM.PKEY_BIT2 | VM.PKEY_BIT3
const codeOfFlag = new Map([...flagOfCode].map(([code, flag]) => [flag, code] as const))
