import type { VmaUsage } from '../../vocabulary/vma-usage.js'
import { PTE } from '../structs/pte.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'

/**
 * `smaps_account`: how much of a VMA is in memory. The model keeps no dirty and no accessed bits, so it leaves those fields out, and it
 * does not count pages that only fault-around would have mapped.
 */
export function areaUsage(vma: Vma): VmaUsage {
  const { mm, start, end, flags } = vma
  const { pageSize } = mm
  let rss = 0
  let pss = 0
  let anonymous = 0
  mm.tables.visit(start / pageSize, end / pageSize, (_page, table, index) => {
    const bits = table.bits[index]!
    if (!(bits & PTE.PRESENT) || bits & PTE.UNCOUNTED) return
    const page = table.pages[index]!
    // The owner's reference does not count as a mapping.
    const mappings = page.references - (page.kind === 'anonymous' ? 0 : 1)
    rss += pageSize
    pss += pageSize / Math.max(mappings, 1)
    if (page.kind === 'anonymous') anonymous += pageSize
  })
  return {
    size: end - start,
    kernelPageSize: pageSize,
    mmuPageSize: pageSize,
    rss,
    pss: Math.floor(pss),
    pssDirty: undefined,
    sharedClean: undefined,
    sharedDirty: undefined,
    privateClean: undefined,
    privateDirty: undefined,
    referenced: undefined,
    anonymous,
    ksm: 0,
    lazyFree: undefined,
    anonHugePages: 0,
    shmemPmdMapped: 0,
    filePmdMapped: 0,
    sharedHugetlb: 0,
    privateHugetlb: 0,
    swap: 0,
    swapPss: 0,
    locked: flags & VM_FLAG.LOCKED ? Math.floor(pss) : 0,
    thpEligible: 0,
    protectionKey: mm.machine.protectionKeys ? (flags & VM_FLAG.EXECUTE_ONLY ? 1 : 0) : undefined,
  }
}
