import { MAP } from '../vocabulary/map.js'
import { PROT } from '../vocabulary/prot.js'
import { SEAL } from '../vocabulary/seal.js'
import { BIT } from './bit.js'
import { FAILURE } from './failure.js'
import type { Inode } from './inode.js'
import type { Mm } from './mm.js'
import { mmapRegion } from './mmap-region.js'
import type { OpenFile } from './open-file.js'
import { populate } from './populate.js'
import { unmappedArea } from './unmapped-area.js'

const mapType = 0x0f
/** `LEGACY_MAP_MASK`: the flags that `MAP_SHARED` lets through, whatever they mean. */
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
 * `file` is what the descriptor names, `undefined` where it names nothing; with `MAP_ANONYMOUS` it does not count.
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
  if (offset % mm.pageSize !== 0) return FAILURE.EINVAL
  if (mapFlags & MAP.ANONYMOUS) {
    if (mapFlags & MAP.HUGETLB) return FAILURE.ENOSYS
    file = undefined
  } else {
    if (file === undefined) return FAILURE.EBADF
    if (mapFlags & MAP.HUGETLB) return FAILURE.EINVAL
  }
  if (length === 0) return FAILURE.EINVAL
  let flags = mapFlags
  if (flags & MAP.FIXED_NOREPLACE) flags |= MAP.FIXED
  const wanted = flags & MAP.FIXED ? hint : roundHint(mm, hint)
  const size = mm.roundUp(length)
  if (size >= 2 ** 64) return FAILURE.ENOMEM
  let pgoff = offset / mm.pageSize
  if (pgoff + size / mm.pageSize > 2 ** 52) return FAILURE.EOVERFLOW
  if (mm.tree.size > mm.machine.maxMapCount) return FAILURE.ENOMEM

  let vmFlags = vmFlagsFor(mm, protection, flags)
  const shared = (flags & mapType) === MAP.SHARED || (flags & mapType) === MAP.SHARED_VALIDATE
  const address = unmappedArea(mm, wanted, size, flags, file === undefined && !shared, file, pgoff)
  if (address < 0) return address
  if (flags & MAP.FIXED_NOREPLACE && mm.tree.intersection(address, address + size)) return FAILURE.EEXIST
  if (flags & MAP.LOCKED && !mm.mayLock) return FAILURE.EPERM
  if (!mm.mayLockMore(vmFlags, size)) return FAILURE.EAGAIN

  if (file === undefined) {
    if (flags & MAP.NORESERVE && mm.machine.overcommit !== 'never') vmFlags |= BIT.NORESERVE
    switch (flags & mapType) {
      case MAP.SHARED:
        if (vmFlags & BIT.GROWSDOWN) return FAILURE.EINVAL
        pgoff = 0
        vmFlags |= BIT.SHARED | BIT.MAYSHARE
        break
      case MAP.DROPPABLE:
        if (flags & (MAP.LOCKED | MAP.HUGETLB) || vmFlags & BIT.GROWSDOWN) return FAILURE.EINVAL
        vmFlags |= BIT.DROPPABLE | BIT.NORESERVE | BIT.WIPEONFORK | BIT.DONTDUMP
        pgoff = address / mm.pageSize
        break
      case MAP.PRIVATE:
        pgoff = address / mm.pageSize
        break
      default:
        return FAILURE.EINVAL
    }
  } else {
    const checked = fileFlags(file, flags, protection, vmFlags)
    if (typeof checked !== 'object') return checked
    vmFlags = checked.flags
    if (flags & MAP.NORESERVE && mm.machine.overcommit !== 'never') vmFlags |= BIT.NORESERVE
  }

  const result = mmapRegion(mm, file, address, size, vmFlags, pgoff)
  if (result < 0) return result
  if (vmFlags & BIT.LOCKED || (flags & (MAP.POPULATE | MAP.NONBLOCK)) === MAP.POPULATE) {
    populate(mm, result, result + size, true)
  }
  return result
}

/** `round_hint_to_min` */
function roundHint(mm: Mm, hint: number): number {
  const page = hint - (hint % mm.pageSize)
  return hint !== 0 && page < mm.machine.mmapMinAddress ? mm.roundUp(mm.machine.mmapMinAddress) : page
}

/** `calc_vm_prot_bits`, `calc_vm_flag_bits` and the default flags. */
function vmFlagsFor(mm: Mm, protection: number, flags: number): number {
  let bits = (protection & BIT.ACCESS) | mm.defaultFlags | BIT.MAYREAD | BIT.MAYWRITE | BIT.MAYEXEC
  if (protection === PROT.EXEC && mm.machine.protectionKeys) bits |= BIT.EXECUTE_ONLY
  if (flags & MAP.GROWSDOWN) bits |= BIT.GROWSDOWN
  if (flags & MAP.LOCKED) bits |= BIT.LOCKED
  if (flags & MAP.SYNC) bits |= BIT.SYNC
  if (flags & MAP.STACK) bits |= BIT.NOHUGEPAGE
  return bits
}

/** What `do_mmap` checks and changes for a mapping of a file. In an object, because a flag word may be negative. */
function fileFlags(
  file: OpenFile,
  mapFlags: number,
  protection: number,
  vmFlags: number,
): { readonly flags: number } | number {
  let bits = vmFlags
  const type = mapFlags & mapType
  if (type !== MAP.SHARED && type !== MAP.SHARED_VALIDATE && type !== MAP.PRIVATE) return FAILURE.EINVAL
  if (type !== MAP.PRIVATE) {
    if (type === MAP.SHARED_VALIDATE && mapFlags & ~legacyFlags) return FAILURE.EOPNOTSUPP
    if (protection & PROT.WRITE && !file.writable) return FAILURE.EACCES
    bits |= BIT.SHARED | BIT.MAYSHARE
    if (!file.writable) bits &= ~(BIT.MAYWRITE | BIT.SHARED)
  }
  if (!file.readable) return FAILURE.EACCES
  if (file.inode.noExec) {
    if (bits & BIT.EXEC) return FAILURE.EPERM
    bits &= ~BIT.MAYEXEC
  }
  if (!canMap(file.inode)) return FAILURE.ENODEV
  if (bits & BIT.GROWSDOWN) return FAILURE.EINVAL
  // memfd_check_seals_mmap
  if (file.inode.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE) && bits & BIT.SHARED) {
    if (bits & BIT.WRITE) return FAILURE.EPERM
    bits &= ~BIT.MAYWRITE
  }
  return { flags: bits }
}

/** `can_mmap_file` */
function canMap(inode: Inode): boolean {
  if (inode.kind === 'device') return inode.operations?.mmap !== undefined
  return inode.kind === 'memory' || inode.kind === 'file'
}
