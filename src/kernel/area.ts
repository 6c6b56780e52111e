import type { VmaUsage } from '../vocabulary/vma-usage.js'
import type { AddressSpace } from './address-space.js'
import type { RawPage } from './raw-page.js'
import type { VmaRecord } from './vma-record.js'

/**
 * The raw `vm_area_struct`: what `asPtr()` gives and `fromRaw()` takes.
 *
 * It proves nothing. `VmaRef`, `VmaMixedMap` and `VmaNew` are rights over it and check that the right is held; code that uses an
 * `Area` without them must know that its address space is locked, or that its `mmap` hook is running.
 */
export interface Area extends VmaRecord {
  readonly addressSpace: AddressSpace
  /** All bits of `VM`, read from the kernel on first use. Throws `ERR_VMAREA_STALE` where the area has gone before that. */
  readonly flags: bigint
  /** Two-letter codes of flags that the kernel has set and this library does not know: they are not in `flags`. */
  readonly unknownFlagCodes?: readonly string[]
  /** The file of that name has been unlinked. */
  readonly deleted?: boolean
  /** What of the area is in memory, in bytes. Missing on a kernel that keeps no such account. Throws as `flags` does. */
  usage?(): VmaUsage
  /** Changes flags. Only in an `mmap` hook, before the area can be touched. */
  changeFlags(set: bigint, clear: bigint): void
  /** `zap_page_range_single`: drops every page in `[address, address + size)`; the caller has checked that it lies inside. */
  zap(address: bigint, size: number): void
  /** `vm_insert_page`: maps one page. Throws `VmError` (`EFAULT`, `EINVAL`, `EBUSY`, `ENOMEM`). */
  insertPage(address: bigint, page: RawPage): void
}
