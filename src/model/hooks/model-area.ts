import type { AddressSpace } from '../../kernel/address-space.js'
import type { Area } from '../../kernel/area.js'
import type { RawPage } from '../../kernel/raw-page.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { hex } from '../../vocabulary/hex.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { VmaUsage } from '../../vocabulary/vma-usage.js'
import { areaUsage } from '../pages/area-usage.js'
import { insertPage } from '../pages/insert-page.js'
import { markersOf } from '../pages/markers-of.js'
import { remapPfnRange } from '../pages/remap-pfn-range.js'
import { zap } from '../pages/zap.js'
import { Page } from '../structs/page.js'
import { VM_FLAG } from '../structs/vm-flag.js'
import type { Vma } from '../structs/vma.js'
import { areaName } from './area-name.js'
import { bitsOf } from './bits-of.js'
import { vmFlagsOf } from './vm-flags-of.js'

/** The raw `vm_area_struct` of a modelled address space: one object for each VMA, for the VMA's lifetime. */
export class ModelArea implements Area {
  readonly #vma: Vma
  /** Whether its `mmap` hook is running: only then may its flags change. */
  hookRunning = false
  /** Whether its `mmap` hook failed, so that the area does not exist. */
  gone = false

  private constructor(vma: Vma) {
    this.#vma = vma
  }

  /** The area of a VMA. */
  static of(vma: Vma): ModelArea {
    if (!(vma.area instanceof ModelArea) || vma.area.#vma !== vma) vma.area = new ModelArea(vma)
    return vma.area as ModelArea
  }

  get addressSpace(): AddressSpace {
    const { addressSpace } = this.#vma.mm
    if (addressSpace === undefined)
      throw new UsageError('ERR_VMAREA_STALE', 'the address space of the area has no process')
    return addressSpace
  }

  get start(): bigint {
    return BigInt(this.#live().start)
  }

  get end(): bigint {
    return BigInt(this.#live().end)
  }

  get flags(): bigint {
    const { flags, sealed } = this.#live()
    return vmFlagsOf(flags, sealed)
  }

  get readable(): boolean {
    return (this.#live().flags & VM_FLAG.READ) !== 0
  }

  get writable(): boolean {
    return (this.#live().flags & VM_FLAG.WRITE) !== 0
  }

  get executable(): boolean {
    return (this.#live().flags & VM_FLAG.EXEC) !== 0
  }

  get shared(): boolean {
    return (this.#live().flags & VM_FLAG.MAYSHARE) !== 0
  }

  get offset(): bigint {
    const { file, pgoff, mm } = this.#live()
    return file === undefined ? 0n : BigInt(pgoff * mm.pageSize)
  }

  get deviceMajor(): number {
    return 0
  }

  get deviceMinor(): number {
    return this.#live().file === undefined ? 0 : 1
  }

  get inode(): bigint {
    return BigInt(this.#live().file?.inode.number ?? 0)
  }

  get pathBytes(): Uint8Array {
    return new TextEncoder().encode(areaName(this.#live()))
  }

  get deleted(): boolean {
    return this.#live().file?.inode.unlinked ?? false
  }

  usage(): VmaUsage {
    return areaUsage(this.#live())
  }

  changeFlags(set: bigint, clear: bigint): void {
    if (!this.hookRunning) {
      throw new UsageError('ERR_VMAREA_HOOK_RETURNED', 'the flags of an area change only while its mmap hook runs')
    }
    const vma = this.#live()
    vma.flags = (vma.flags & ~bitsOf(clear)) | bitsOf(set)
  }

  /** `zap_page_range_single`: keeps guard markers. */
  zap(address: bigint, size: number): void {
    const vma = this.#live()
    const { pageSize } = vma.mm
    const start = Number(address)
    const first = start - (start % pageSize)
    zap(vma.mm, first, Math.min(vma.mm.roundUp(start + size), vma.end), markersOf(vma))
  }

  /** `vm_insert_page` */
  insertPage(address: bigint, page: RawPage): void {
    const vma = this.#live()
    if (!(vma.flags & VM_FLAG.MIXEDMAP)) {
      // The two BUG_ONs of vm_insert_page.
      if (!this.hookRunning) throw bug('vm_insert_page sets VM_MIXEDMAP only while the mmap lock is held for writing')
      if (vma.flags & VM_FLAG.PFNMAP) throw bug('vm_insert_page requires an area without VM_PFNMAP')
      vma.flags |= VM_FLAG.MIXEDMAP
    }
    const error = page instanceof Page ? insertPage(vma, Number(address), page) : ERRNO_RESULT.EINVAL
    if (error !== 0) throw new VmError(error, 'vm_insert_page', { address })
  }

  /** `remap_pfn_range`: only in an `mmap` hook, because it changes flags. */
  remapPfnRange(address: bigint, pages: readonly RawPage[]): void {
    if (!this.hookRunning) throw bug('remap_pfn_range requires the mmap lock to be held for writing')
    const known = pages.filter((page) => page instanceof Page)
    const error =
      known.length === pages.length ? remapPfnRange(this.#live(), Number(address), known) : ERRNO_RESULT.EINVAL
    if (error !== 0) throw new VmError(error, 'remap_pfn_range', { address })
  }

  /** The VMA, where it is still mapped. */
  #live(): Vma {
    const vma = this.#vma
    if (this.gone || (vma.node === undefined && !this.hookRunning)) {
      throw new UsageError('ERR_VMAREA_STALE', `the area at ${hex(vma.start)} is gone: look it up again`)
    }
    return vma
  }
}

function bug(rule: string): UsageError {
  return new UsageError('ERR_VMAREA_KERNEL_BUG', `${rule}: the kernel would stop with a BUG here`)
}
