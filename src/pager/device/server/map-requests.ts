import type { AddressSpace } from '../../../kernel/address-space.js'
import type { FileOperations } from '../../../kernel/file-operations.js'
import { hookError } from '../../../kernel/hook-error.js'
import type { RawPage } from '../../../kernel/raw-page.js'
import { LinuxAddressSpace } from '../../../linux/areas/linux-address-space.js'
import { MADV } from '../../../vocabulary/madv.js'
import { MAP } from '../../../vocabulary/map.js'
import { VM } from '../../../vocabulary/vm.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import type { PendingRequests } from '../../requests/pending-requests.js'
import type { FaultSource } from '../../source/fault-source.js'
import type { PageEntries } from '../../source/page-entries.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { MapAnswer, MapRequest } from '../../thread/pager-request.js'
import { COUNTER, type PagerState } from '../../thread/pager-state.js'
import { DeviceArea, type DeviceAreaHost } from './device-area.js'
import { DeviceMap } from './device-map.js'
import type { DeviceMaps } from './device-maps.js'
import type { DeviceView } from './device-view.js'
import type { OverlayPages } from './overlay-pages.js'
import type { SettleRequest } from './settle-request.js'

/** The flags that the kernel can be told of an area of a memory file. */
const ADVICE: readonly (readonly [flag: bigint, advice: number])[] = [
  [VM.DONTCOPY, MADV.DONTFORK],
  [VM.DONTDUMP, MADV.DONTDUMP],
  [VM.SEQ_READ, MADV.SEQUENTIAL],
  [VM.RAND_READ, MADV.RANDOM],
]
const KEPT_BY_KERNEL = ADVICE.reduce((flags, [flag]) => flags | flag, 0n)

export interface MapRequestsInit {
  readonly kernel: PagerKernel
  readonly operations: FileOperations
  readonly source: FaultSource
  readonly maps: DeviceMaps
  readonly view: DeviceView
  readonly placed: OverlayPages
  readonly entries: PageEntries
  readonly fills: PendingRequests
  readonly answers: SettleRequest
  readonly state: PagerState
  readonly inode: bigint
}

/** What the program asks about its maps of the device, and what the driver asks about the areas that its hooks are given of them. */
export class MapRequests implements DeviceAreaHost {
  readonly #kernel: PagerKernel
  readonly #operations: FileOperations
  readonly #source: FaultSource
  readonly #maps: DeviceMaps
  readonly #view: DeviceView
  readonly #placed: OverlayPages
  readonly #entries: PageEntries
  readonly #fills: PendingRequests
  readonly #answers: SettleRequest
  readonly #counters: Float64Array
  readonly inode: bigint
  #addressSpace: LinuxAddressSpace | undefined

  constructor(init: MapRequestsInit) {
    this.#kernel = init.kernel
    this.#operations = init.operations
    this.#source = init.source
    this.#maps = init.maps
    this.#view = init.view
    this.#placed = init.placed
    this.#entries = init.entries
    this.#fills = init.fills
    this.#answers = init.answers
    this.#counters = init.state.counters
    this.inode = init.inode
  }

  get addressSpace(): AddressSpace {
    this.#addressSpace ??= new LinuxAddressSpace('self', {
      insertPage: (address, page) => this.insertPage(address, page),
    })
    return this.#addressSpace
  }

  // ---- what the program asks ----

  /** Lays a map out, and asks the `mmap` hook. Throws what that throws. */
  map({ start, length, offset, protection, flags, copies }: MapRequest): MapAnswer {
    const area = new DeviceArea(this, { start, length, offset, protection, flags })
    const shared = (flags & MAP.SHARED) !== 0
    const notifiesWrites = shared && this.#operations.pageMkwrite !== undefined
    const end = start + length
    const map = new DeviceMap({ area, start, end, offset, shared, protection, notifiesWrites, copies })
    const before = area.flags
    this.#maps.add(map)
    try {
      this.#callHook(area)
      this.#tellKernel(area, before)
      this.#source.pages.watch(start, length, protection, notifiesWrites)
      this.#placed.placeAll(map)
    } catch (error) {
      this.#maps.remove(start, end)
      throw hookError(error, 'mmap')
    }
    return { set: area.flags & ~before & ~KEPT_BY_KERNEL, cleared: before & ~area.flags }
  }

  /** The program may do something else in a part of a map. */
  protect(start: number, length: number, protection: number): void {
    this.#source.pages.setProtection(start, length, protection)
    for (const map of this.#maps.within(start, start + length)) {
      map.protection = protection
      map.area.protect(protection)
      this.#placed.protect(map, protection)
    }
  }

  /** A map has grown or shrunk where it is, and nobody touches it meanwhile. */
  resize(start: number, oldLength: number, length: number): void {
    if (length < oldLength) {
      this.unmap(start + length, oldLength - length)
      return
    }
    const last = this.#maps.within(start, start + oldLength).at(-1)
    if (last === undefined) return
    last.end = start + length
    last.area.resize(start, length)
    this.#source.pages.grow(start, length, last.protection, last.notifiesWrites)
  }

  /** The program is about to write to a private map: from now on some of its pages may be copies, which nobody can give again. */
  expectCopies(start: number, length: number): void {
    for (const map of this.#maps.within(start, start + length)) map.copies = true
  }

  unmap(start: number, length: number): void {
    this.#maps.remove(start, start + length)
    this.#source.pages.unmapped(start, length)
  }

  // ---- what the driver asks ----

  /** `vm_insert_page` */
  insertPage(address: bigint, page: RawPage): void {
    const map = this.#maps.at(Number(address))
    const at = Number(address) - (Number(address) % this.#kernel.pageSize)
    if (map === undefined) throw new VmError('EFAULT', 'vm_insert_page', { address })
    const found = this.#answers.driverPage(page, 'vm_insert_page')
    if (this.#isThere(map, at)) throw new VmError('EBUSY', 'vm_insert_page', { address })
    this.#placed.insert(map, at, found)
    const asked = this.#fills.byAddress(at)
    if (asked !== undefined) asked.inserted = true
  }

  /** `zap_page_range_single` */
  zap(address: bigint, size: number): void {
    this.#view.zap(Number(address), size)
  }

  #isThere(map: DeviceMap, address: number): boolean {
    if (map.area.hookRunning) return map.inserted.has(address)
    // Who waits for a page does not see one, whatever the page table has.
    return this.#fills.byAddress(address) === undefined && this.#entries.isThere(address)
  }

  #callHook(area: DeviceArea): void {
    const { mmap } = this.#operations
    if (mmap === undefined) throw new VmError('ENODEV', 'mmap', { hint: 'the driver has no mmap hook' })
    area.hookRunning = true
    this.#counters[COUNTER.BUSY_SINCE] = Date.now()
    try {
      mmap.call(this.#operations, area)
    } finally {
      this.#counters[COUNTER.BUSY_SINCE] = 0
      area.hookRunning = false
    }
  }

  #tellKernel(area: DeviceArea, before: bigint): void {
    const set = area.flags & ~before
    for (const [flag, advice] of ADVICE) {
      if ((set & flag) !== 0n) this.#kernel.calls.madvise(area.start, Number(area.end - area.start), advice)
    }
  }
}
