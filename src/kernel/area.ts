import type { VmaUsage } from '../vocabulary/vma-usage.js'
import type { AddressSpace } from './address-space.js'
import type { RawPage } from './raw-page.js'
import type { VmaRecord } from './vma-record.js'

/**
 * The raw `vm_area_struct`, which `asPtr()` returns and `fromRaw()` wraps.
 *
 * It proves nothing. `VmaRef`, `VmaMixedMap` and `VmaNew` are rights to use it and check that they are still valid; code that uses an
 * `Area` without them must guarantee that its address space is locked, or that its `mmap` hook is running.
 */
export interface Area extends VmaRecord {
  readonly addressSpace: AddressSpace
  /** All bits of `VM`, read from the kernel on first use. Throws `ERR_VMAREA_STALE` where the area has changed before that. */
  readonly flags: bigint
  /** Two-letter codes of flags that the kernel has set and this library does not know: they are not in `flags`. */
  readonly unknownFlagCodes?: readonly string[]
  /** Whether the file has been unlinked. */
  readonly deleted?: boolean
  /** How much of the area is in memory, in bytes. Missing on a kernel that keeps no such account. Throws as `flags` does. */
  usage?(): VmaUsage
  /** Changes flags. Only in an `mmap` hook, before the area can be touched. */
  changeFlags(set: bigint, clear: bigint): void
  /** `zap_page_range_single`: drops every page in `[address, address + size)`; the caller has checked that it lies inside. */
  zap(address: bigint, size: number): void
  /** `vm_insert_page`: maps one page. Throws `VmError` (`EFAULT`, `EINVAL`, `EBUSY`, `ENOMEM`). */
  insertPage(address: bigint, page: RawPage): void
}
