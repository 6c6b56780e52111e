import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { MAP } from '../../vocabulary/map.js'
import { PROT } from '../../vocabulary/prot.js'
import { SEAL } from '../../vocabulary/seal.js'
import { unmappedArea } from '../areas/unmapped-area.js'
import { populate } from '../faults/populate.js'
import type { Inode } from '../structs/inode.js'
import type { Mm } from '../structs/mm.js'
import type { OpenFile } from '../structs/open-file.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import { mmapRegion } from './mmap-region.js'

const mapType = 0x0f
/** `LEGACY_MAP_MASK`: the flags that `MAP_SHARED` accepts without checking them. */
const legacyFlags =
  MAP.SHARED |
  MAP.PRIVATE |
  MAP.FIXED |
  MAP.ANONYMOUS |
  0x40 |
  0x80 |
  MAP.GROWSDOWN |
  0x0800 |
  0x1000 |
  MAP.LOCKED |
  MAP.NORESERVE |
  MAP.POPULATE |
  MAP.NONBLOCK |
  MAP.STACK |
  MAP.HUGETLB |
  (0x3f << MAP.HUGE_SHIFT)

/**
 * `ksys_mmap_pgoff`, `do_mmap`, `mm_populate`: returns the address or an error.
 *
 * `hint` is negative where the address looks like an error number. `file` is the open file of the descriptor, `undefined` for a bad one;
 * with `MAP_ANONYMOUS` it is ignored.
 */
export function mmap(
  mm: Mm,
  hint: number,
  length: number,
  protection: number,
  mapFlags: number,
  file: OpenFile | undefined,
  offset: number,
): number {
  if (offset % mm.pageSize !== 0) return ERRNO_RESULT.EINVAL
  if (mapFlags & MAP.ANONYMOUS) {
    if (mapFlags & MAP.HUGETLB) return ERRNO_RESULT.ENOSYS
    file = undefined
  } else {
    if (file === undefined) return ERRNO_RESULT.EBADF
    if (mapFlags & MAP.HUGETLB) return ERRNO_RESULT.EINVAL
  }
  if (length === 0) return ERRNO_RESULT.EINVAL
  let flags = mapFlags
  if (flags & MAP.FIXED_NOREPLACE) flags |= MAP.FIXED
  const wanted = flags & MAP.FIXED ? hint : roundHint(mm, hint)
  const size = mm.roundUp(length)
  if (size === 0) return ERRNO_RESULT.ENOMEM
  let pgoff = offset / mm.pageSize
  if (mm.tree.size > mm.machine.maxMapCount) return ERRNO_RESULT.ENOMEM

  let vmFlags = vmFlagsFor(mm, protection, flags)
  const shared = (flags & mapType) === MAP.SHARED || (flags & mapType) === MAP.SHARED_VALIDATE
  const address = unmappedArea(mm, wanted, size, flags, file === undefined && !shared, file, pgoff)
  if (address < 0) return address
  if (flags & MAP.FIXED_NOREPLACE && mm.tree.intersection(address, address + size)) return ERRNO_RESULT.EEXIST
  if (flags & MAP.LOCKED && !mm.mayLock) return ERRNO_RESULT.EPERM
  if (!mm.mayLockMore(vmFlags, size)) return ERRNO_RESULT.EAGAIN

  if (file === undefined) {
    if (flags & MAP.NORESERVE && mm.machine.overcommit !== 'never') vmFlags |= VM_FLAG.NORESERVE
    switch (flags & mapType) {
      case MAP.SHARED:
        if (vmFlags & VM_FLAG.GROWSDOWN) return ERRNO_RESULT.EINVAL
        pgoff = 0
        vmFlags |= VM_FLAG.SHARED | VM_FLAG.MAYSHARE
        break
      case MAP.DROPPABLE:
        if (flags & (MAP.LOCKED | MAP.HUGETLB) || vmFlags & VM_FLAG.GROWSDOWN) return ERRNO_RESULT.EINVAL
        vmFlags |= VM_FLAG.DROPPABLE | VM_FLAG.NORESERVE | VM_FLAG.WIPEONFORK | VM_FLAG.DONTDUMP
        pgoff = address / mm.pageSize
        break
      case MAP.PRIVATE:
        pgoff = address / mm.pageSize
        break
      default:
        return ERRNO_RESULT.EINVAL
    }
  } else {
    if (!fitsFile(file.inode, pgoff, size / mm.pageSize)) return ERRNO_RESULT.EOVERFLOW
    const checked = fileFlags(file, flags, protection, vmFlags)
    if (typeof checked !== 'object') return checked
    vmFlags = checked.flags
    if (flags & MAP.NORESERVE && mm.machine.overcommit !== 'never') vmFlags |= VM_FLAG.NORESERVE
  }

  const result = mmapRegion(mm, file, address, size, vmFlags, pgoff)
  if (result < 0) return result
  if (vmFlags & VM_FLAG.LOCKED || (flags & (MAP.POPULATE | MAP.NONBLOCK)) === MAP.POPULATE) {
    populate(mm, result, result + size, true)
  }
  return result
}

/** `round_hint_to_min` */
function roundHint(mm: Mm, hint: number): number {
  const page = Math.floor(hint / mm.pageSize) * mm.pageSize
  return page > 0 && page < mm.machine.lowestHint ? mm.roundUp(mm.machine.lowestHint) : page
}

/** `calc_vm_prot_bits`, `calc_vm_flag_bits` and the default flags. */
function vmFlagsFor(mm: Mm, protection: number, flags: number): number {
  let bits = (protection & VM_FLAG.ACCESS) | mm.defaultFlags | VM_FLAG.MAYREAD | VM_FLAG.MAYWRITE | VM_FLAG.MAYEXEC
  if (protection === PROT.EXEC && mm.machine.protectionKeys) bits |= VM_FLAG.EXECUTE_ONLY
  if (flags & MAP.GROWSDOWN) bits |= VM_FLAG.GROWSDOWN
  if (flags & MAP.LOCKED) bits |= VM_FLAG.LOCKED
  if (flags & MAP.SYNC) bits |= VM_FLAG.SYNC
  if (flags & MAP.STACK) bits |= VM_FLAG.NOHUGEPAGE
  return bits
}

/** The checks and flag changes of `do_mmap` for a mapping of a file. An object, because a flag word may be negative as an error is. */
function fileFlags(
  file: OpenFile,
  mapFlags: number,
  protection: number,
  vmFlags: number,
): { readonly flags: number } | number {
  let bits = vmFlags
  const type = mapFlags & mapType
  if (type !== MAP.SHARED && type !== MAP.SHARED_VALIDATE && type !== MAP.PRIVATE) return ERRNO_RESULT.EINVAL
  if (type !== MAP.PRIVATE) {
    if (type === MAP.SHARED_VALIDATE && mapFlags & ~legacyFlags) return ERRNO_RESULT.EOPNOTSUPP
    if (protection & PROT.WRITE && !file.writable) return ERRNO_RESULT.EACCES
    bits |= VM_FLAG.SHARED | VM_FLAG.MAYSHARE
    if (!file.writable) bits &= ~(VM_FLAG.MAYWRITE | VM_FLAG.SHARED)
  }
  if (!file.readable) return ERRNO_RESULT.EACCES
  if (file.inode.noExec) {
    if (bits & VM_FLAG.EXEC) return ERRNO_RESULT.EPERM
    bits &= ~VM_FLAG.MAYEXEC
  }
  if (!canMap(file.inode)) return ERRNO_RESULT.ENODEV
  if (bits & VM_FLAG.GROWSDOWN) return ERRNO_RESULT.EINVAL
  // memfd_check_seals_mmap
  if (file.inode.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE) && bits & VM_FLAG.SHARED) {
    if (bits & VM_FLAG.WRITE) return ERRNO_RESULT.EPERM
    bits &= ~VM_FLAG.MAYWRITE
  }
  return { flags: bits }
}

/** `file_mmap_ok`: whether an area ends before the largest offset: `MAX_LFS_FILESIZE` of a regular file, the last page of any other. */
function fitsFile({ kind, machine }: Inode, pgoff: number, pages: number): boolean {
  const isFile = kind === 'memory' || kind === 'file'
  return pgoff + pages < (isFile ? 2 ** 63 : 2 ** 64) / machine.pageSize
}

/** `can_mmap_file` */
function canMap(inode: Inode): boolean {
  if (inode.kind === 'device') return inode.operations?.mmap !== undefined
  return inode.kind === 'memory' || inode.kind === 'file'
}
