import type { PageRun } from '../kernel/address-space.js'
import type { Area } from '../kernel/area.js'
import { type ForeignOptions, foreignRules, refuseForeign } from '../kernel/destructive/refuse-foreign.js'
import type { RawPage } from '../kernel/raw-page.js'
import { rawPageOf } from '../kernel/raw-page-of.js'
import { hex } from '../vocabulary/hex.js'
import { checkAddress } from '../vocabulary/options/check-address.js'
import { checkOptions } from '../vocabulary/options/check-options.js'
import { showValue } from '../vocabulary/options/show-value.js'
import { UsageError } from '../vocabulary/usage-error.js'
import { VM } from '../vocabulary/vm.js'
import { VmError } from '../vocabulary/vm-error.js'
import type { VmaUsage } from '../vocabulary/vma-usage.js'
import type { AreaLifetime } from './area-lifetime.js'
import type { MmWithUser } from './mm-with-user.js'
import { pathOf } from './path-of.js'
import { UncheckedLifetime } from './unchecked-lifetime.js'

/**
 * Read access to one virtual memory area: the kernel's `VmaRef`.
 *
 * Invariant: the mmap lock or the area's own lock is held for reading.
 *
 * Range, permissions, offset and name are those of the moment when the area was found. Flags are read at their first use.
 *
 * @throws UsageError `ERR_VMAREA_GUARD_RELEASED` from every member after the release of the lock;
 * `ERR_VMAREA_HOOK_RETURNED` where a driver's hook was given the area and has returned; `ERR_VMAREA_STALE` for flags of an area that has
 * changed since
 */
export class VmaRef {
  readonly #area: Area
  readonly #lifetime: AreaLifetime

  /** An area, and what says how long it may be used. A guard's `vmaLookup` gives one, or `fromRaw`. */
  constructor(area: Area, lifetime: AreaLifetime) {
    this.#area = area
    this.#lifetime = lifetime
  }

  /** Wraps a raw area of the address space `mm`. The caller guarantees the lock: later uses check nothing. */
  static fromRaw(area: Area, mm: MmWithUser): VmaRef {
    return new VmaRef(area, new UncheckedLifetime(mm))
  }

  /** The raw area, for calls that this reference does not have. */
  asPtr(): Area {
    return this.#live()
  }

  /** The address space that the area belongs to. */
  get mm(): MmWithUser {
    this.#lifetime.check()
    return this.#lifetime.mm
  }

  /** The flags as bits of `VM`. Flags that this library does not know are in `unknownFlagCodes` instead. */
  get flags(): bigint {
    return this.#live().flags
  }

  /** The two-letter codes of the flags that this library does not know: empty on a kernel that it was made for. */
  get unknownFlagCodes(): readonly string[] {
    return this.#live().unknownFlagCodes ?? []
  }

  /** The first address, inclusive. */
  get start(): bigint {
    return this.#live().start
  }

  /** The address past the last byte, exclusive. */
  get end(): bigint {
    return this.#live().end
  }

  /** Whether the memory may be read (`VM_READ`). */
  get readable(): boolean {
    return this.#live().readable
  }

  /** Whether the memory may be written (`VM_WRITE`). */
  get writable(): boolean {
    return this.#live().writable
  }

  /** Whether the memory may be executed (`VM_EXEC`). */
  get executable(): boolean {
    return this.#live().executable
  }

  /** Whether it is mapped as shared (`VM_MAYSHARE`), the `s` of /proc/PID/maps. */
  get shared(): boolean {
    return this.#live().shared
  }

  /** The offset in its file at which the area begins, in bytes. 0 without a file. */
  get offset(): bigint {
    return this.#live().offset
  }

  /** The major number of the device that holds the file. 0 without a file. */
  get deviceMajor(): number {
    return this.#live().deviceMajor
  }

  /** The minor number of the device that holds the file. 0 without a file. */
  get deviceMinor(): number {
    return this.#live().deviceMinor
  }

  /** The device that holds the file, as /proc/PID/maps writes it: `fe:00`. */
  get device(): string {
    const { deviceMajor, deviceMinor } = this.#live()
    return `${deviceMajor.toString(16).padStart(2, '0')}:${deviceMinor.toString(16).padStart(2, '0')}`
  }

  /** The file's inode number. 0 without a file. */
  get inode(): bigint {
    return this.#live().inode
  }

  /** The path of the file, or the kernel's name such as `[heap]`; empty where the area has none. Without the kernel's ` (deleted)`. */
  get path(): string {
    const area = this.#live()
    const { text, withoutDeleted } = pathOf(area.pathBytes)
    return withoutDeleted !== undefined && area.deleted ? withoutDeleted : text
  }

  /** The name as the kernel writes it, with ` (deleted)` behind that of an unlinked file. A path need not be UTF-8. */
  get pathBytes(): Uint8Array {
    return this.#live().pathBytes
  }

  /** Whether the file has been unlinked. Memory of memfd_create and shared anonymous memory always has. */
  get deleted(): boolean {
    return this.#live().deleted ?? false
  }

  /**
   * How much of the area is in memory, in bytes: read now, or in the pass of `areas({ usage: true })`.
   *
   * @throws UsageError `ERR_VMAREA_STALE` where the area has changed, `ERR_VMAREA_UNSUPPORTED` on a kernel that keeps
   * no such account
   */
  usage(): VmaUsage {
    const area = this.#live()
    if (area.usage === undefined)
      throw new UsageError('ERR_VMAREA_UNSUPPORTED', 'this kernel keeps no account of what is in memory')
    return area.usage()
  }

  /** The states of its pages now, as runs of neighbours in the same state (`PAGE_STATE`). */
  pages(): Iterable<PageRun> {
    const { addressSpace, start, end } = this.#live()
    return addressSpace.pages(start, end)
  }

  /** The same area as a `VmaMixedMap`, or `undefined` where `VM_MIXEDMAP` is not set. */
  asMixedmapVma(): VmaMixedMap | undefined {
    const area = this.#live()
    return (area.flags & VM.MIXEDMAP) === 0n ? undefined : new VmaMixedMap(area, this.#lifetime)
  }

  /**
   * `zap_page_range_single`: takes the pages in `[address, address + size)` out of the page table, and frees those that belong to the area
   * alone, irreversibly. Anonymous memory reads as zeros afterwards; a file's page is read again, without what was written to a private
   * copy of it, but with what was written to a shared file. A range that does not lie inside the area does nothing, as in the kernel.
   *
   * Private memory that this library did not map, such as the engine's, a stack or the heap, is refused without `foreign: true`: the process
   * may end where its pages are taken away.
   *
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` where `address` is no address or `size` no number of bytes,
   * `ERR_VMAREA_FOREIGN_MEMORY`
   * @throws VmError `EINVAL` for an area of another process, and for one of bare frame numbers
   */
  zapPageRangeSingle(address: bigint, size: number, options: ForeignOptions = {}): void {
    checkAddress(address, 'address')
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new UsageError(
        'ERR_VMAREA_INVALID_ARGUMENT',
        `size must be a whole number of bytes from 0 on, and is ${showValue(size)}`,
      )
    }
    const area = this.#live()
    const end = address + BigInt(size)
    if (address < area.start || end > area.end || size === 0) return
    if (checkOptions('zapPageRangeSingle()', options, foreignRules).foreign !== true)
      refuseForeign(area.addressSpace, address, size, 'zapPageRangeSingle')
    area.zap(address, size)
  }

  /** The area as one line of text, in the form of /proc/PID/maps. */
  toString(): string {
    const { start, end, readable, writable, executable, shared } = this.#live()
    const permissions = `${readable ? 'r' : '-'}${writable ? 'w' : '-'}${executable ? 'x' : '-'}${shared ? 's' : 'p'}`
    return `${hex(start)}-${hex(end)} ${permissions} ${this.path}`.trimEnd()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    try {
      return `${this.constructor.name} { ${this} }`
    } catch {
      return `${this.constructor.name} { released }`
    }
  }

  #live(): Area {
    this.#lifetime.check()
    return this.#area
  }
}

/**
 * An area that is known to have `VM_MIXEDMAP`: the kernel's `VmaMixedMap`. A driver may map pages of its own in it.
 *
 * Invariant: as for `VmaRef`, and `VM_MIXEDMAP` is set.
 */
export class VmaMixedMap extends VmaRef {
  /** Does what `VmaRef.fromRaw` does. @throws UsageError `ERR_VMAREA_NOT_MIXEDMAP` where the flag is not set */
  static override fromRaw(area: Area, mm: MmWithUser): VmaMixedMap {
    if ((area.flags & VM.MIXEDMAP) === 0n) {
      throw new UsageError('ERR_VMAREA_NOT_MIXEDMAP', 'the area does not have VM_MIXEDMAP')
    }
    return new VmaMixedMap(area, new UncheckedLifetime(mm))
  }

  /**
   * `vm_insert_page`: maps one page of the driver at `address`. The page still belongs to the driver: the kernel takes a reference of its
   * own.
   *
   * @throws VmError `EFAULT` outside the area, `EINVAL` for a page that can't be mapped, `EBUSY` where one is already
   * @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` for what is no address or no page, `ERR_VMAREA_PAGE_PUT` for a
   * page that was disposed
   */
  vmInsertPage(address: bigint, page: { asPtr(): RawPage } | RawPage): void {
    checkAddress(address, 'address')
    this.asPtr().insertPage(address, rawPageOf(page))
  }

  /**
   * `vm_insert_pages`: maps pages of the driver from `address` on. It stops at the first that can't be mapped, with its error, whose `done`
   * is the number of bytes that were mapped.
   *
   * @throws VmError `EFAULT`, with no page mapped, where they do not all lie in the area; as `vmInsertPage`: `EINVAL`,
   * `EBUSY`
   * @throws UsageError as `vmInsertPage`: `ERR_VMAREA_INVALID_ARGUMENT`, `ERR_VMAREA_PAGE_PUT`
   */
  vmInsertPages(address: bigint, pages: readonly ({ asPtr(): RawPage } | RawPage)[]): void {
    checkAddress(address, 'address')
    const { start, end } = this
    if (pages.length === 0) return
    const size = sizeOf(pages[0]!)
    const bytes = size * pages.length
    if (address < start || address + BigInt(bytes) > end) {
      throw new VmError('EFAULT', 'vm_insert_pages', {
        address,
        length: bytes,
        hint: 'the pages do not all lie in the area',
      })
    }
    for (const [index, page] of pages.entries()) {
      try {
        this.vmInsertPage(address + BigInt(index * size), page)
      } catch (error) {
        if (!(error instanceof VmError)) throw error
        throw new VmError(error.errno, 'vm_insert_pages', { address, done: index * size, cause: error })
      }
    }
  }

  /**
   * `vm_map_pages`: maps pages of the driver over the whole area. The area's offset, in pages, is the index of the first one.
   *
   * @throws VmError `ENXIO` where the pages are too few; as `vmInsertPages`: `EINVAL`, `EBUSY`
   */
  vmMapPages(pages: readonly ({ asPtr(): RawPage } | RawPage)[]): void {
    const size = pages.length === 0 ? undefined : sizeOf(pages[0]!)
    this.#mapPages(pages, size === undefined ? 0 : Number(this.offset) / size, size)
  }

  /**
   * `vm_map_pages_zero`: does what `vmMapPages` does, beginning with the first page. @throws VmError as `vmMapPages`: `ENXIO`, `EINVAL`,
   * `EBUSY`
   */
  vmMapPagesZero(pages: readonly ({ asPtr(): RawPage } | RawPage)[]): void {
    this.#mapPages(pages, 0, pages.length === 0 ? undefined : sizeOf(pages[0]!))
  }

  #mapPages(pages: readonly ({ asPtr(): RawPage } | RawPage)[], first: number, size: number | undefined): void {
    const { start, end } = this
    const count = size === undefined ? Infinity : Number(end - start) / size
    if (first >= pages.length || count > pages.length - first) {
      throw new VmError('ENXIO', 'vm_map_pages', {
        address: start,
        hint: `${pages.length} pages are too few: the area has ${end - start} bytes and begins with page ${first}`,
      })
    }
    this.vmInsertPages(start, pages.slice(first, first + count))
  }
}

function sizeOf(page: { asPtr(): RawPage } | RawPage): number {
  return rawPageOf(page).bytes.length
}
