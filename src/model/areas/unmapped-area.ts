import type { FileOperations } from '../../kernel/file-operations.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { MAP } from '../../vocabulary/map.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addressOrError } from '../structs/address-or-error.js'
import type { Mm } from '../structs/mm.js'
import type { OpenFile } from '../structs/open-file.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import { startGap } from './start-gap.js'

/** `PMD_SIZE` on x86-64 with pages of 4 KiB: the alignment of an anonymous mapping of at least that size. */
const hugePage = 2 ** 21
const map32Bit = 0x40

/** `__get_unmapped_area`: the address for a mapping, or an error. `plain` means anonymous private memory. */
export function unmappedArea(
  mm: Mm,
  hint: number,
  length: number,
  flags: number,
  plain: boolean,
  file?: OpenFile,
  pgoff = 0,
): number {
  const { taskSize, mmapMinAddress } = mm.machine
  if (length > taskSize) return ERRNO_RESULT.ENOMEM
  const operations = file?.inode.operations
  const chosen =
    operations?.getUnmappedArea === undefined ? undefined : choice(mm, operations, hint, length, pgoff * mm.pageSize)
  if (chosen !== undefined && chosen < 0) return chosen
  const address =
    chosen !== undefined
      ? chosen
      : plain && hint === 0 && length % hugePage === 0 && !(flags & MAP.FIXED) && mm.pageSize === 4096
        ? alignedArea(mm, length, flags)
        : area(mm, hint, length, flags)
  if (address < 0) return address
  if (address > taskSize - length) return ERRNO_RESULT.ENOMEM
  if (address % mm.pageSize !== 0) return ERRNO_RESULT.EINVAL
  if (address < mmapMinAddress && !mm.capabilities.has('CAP_SYS_RAWIO')) return ERRNO_RESULT.EPERM
  return address
}

/** The answer of a driver's `get_unmapped_area`: an address, an error, or `undefined` where it leaves the search to the kernel. */
function choice(mm: Mm, operations: FileOperations, hint: number, length: number, offset: number): number | undefined {
  mm.hooks++
  try {
    const address = operations.getUnmappedArea!(BigInt.asUintN(64, BigInt(hint)), length, offset)
    return address === undefined ? undefined : addressOrError(address)
  } catch (error) {
    return error instanceof VmError ? error.errno : ERRNO_RESULT.EIO
  } finally {
    mm.hooks--
  }
}

/** `__thp_get_unmapped_area`: searches a larger range and takes the aligned part, or gives up the alignment. */
function alignedArea(mm: Mm, length: number, flags: number): number {
  const found = area(mm, 0, length + hugePage, flags)
  if (found < 0) return area(mm, 0, length, flags)
  const over = found % hugePage
  return over === 0 ? found + hugePage : found + hugePage - over
}

/** `arch_get_unmapped_area_topdown` of x86-64 */
function area(mm: Mm, hint: number, length: number, flags: number): number {
  const { taskSize } = mm.machine
  if (length > taskSize) return ERRNO_RESULT.ENOMEM
  if (flags & MAP.FIXED) return hint
  if (flags & map32Bit) return bottomUp(mm, hint, length, 2 ** 30, 2 ** 31)
  const address = hint - (hint % mm.pageSize)
  if (address > 0 && address <= taskSize - length && isFree(mm, address, length)) return address
  const found = topDown(mm, length)
  return found >= 0 ? found : bottomUp(mm, hint, length, mm.legacyBase, taskSize)
}

function isFree(mm: Mm, address: number, length: number): boolean {
  const next = mm.tree.find(address)
  return next === undefined || address + length <= startGap(next)
}

/** `unmapped_area_topdown` */
function topDown(mm: Mm, length: number): number {
  const low = Math.max(mm.pageSize, mm.machine.lowestHint)
  let high = mm.mmapBase
  for (;;) {
    const end = mm.tree.highestGap(low, high, length)
    if (end === -1) return ERRNO_RESULT.ENOMEM
    const next = mm.tree.find(end)
    if (next === undefined || !(next.flags & VM_FLAG.GROWSDOWN) || startGap(next) >= end) return end - length
    high = startGap(next)
  }
}

/** `arch_get_unmapped_area`, `unmapped_area` */
function bottomUp(mm: Mm, hint: number, length: number, base: number, limit: number): number {
  const address = mm.roundUp(hint)
  if (address >= mm.machine.lowestHint && limit - length >= address && isFree(mm, address, length)) return address
  let low = Math.max(base, mm.machine.lowestHint)
  for (;;) {
    const start = mm.tree.lowestGap(low, limit, length)
    if (start === -1) return ERRNO_RESULT.ENOMEM
    const next = mm.tree.find(start)
    if (next === undefined || !(next.flags & VM_FLAG.GROWSDOWN) || startGap(next) >= start + length - 1) return start
    low = next.end
  }
}
