import type { FileOperations } from '../kernel/file-operations.js'
import { hookError } from '../kernel/hook-error.js'
import type { RawPage } from '../kernel/raw-page.js'
import type { LinuxKernel } from '../linux/linux-kernel.js'
import { MADV } from '../vocabulary/madv.js'
import { MAP } from '../vocabulary/map.js'
import { PROT } from '../vocabulary/prot.js'
import { VM } from '../vocabulary/vm.js'
import { VmError } from '../vocabulary/vm-error.js'
import { DeviceArea, type DeviceAreaHost } from './device-area.js'
import type { DeviceFile } from './device-file.js'
import type { DeviceMap } from './device-map.js'
import { DeviceMaps } from './device-maps.js'
import { DriverPage } from './driver-page.js'
import type { DriverPages } from './driver-pages.js'
import { FaultRun } from './fault-run.js'
import type { FaultSource } from './fault-source.js'
import { Fill, type Waiter } from './fill.js'
import { FillJob, type FillJobHost } from './fill-job.js'
import { type FilePage, mapFilePage } from './map-file-page.js'
import { packError } from './pack-error.js'
import type { PageEntries } from './page-entries.js'
import type { MapAnswer, MapRequest, PagerMessage } from './pager-request.js'
import { COUNTER, type PagerState } from './pager-state.js'
import { ResidentList, type ResidentListHost } from './resident-list.js'

/** How often a run is asked for anew because it was invalidated while the driver filled it. */
const MOST_ROUNDS = 100
/** Pages in the file that one fault shows at once. */
const SHOWN_AROUND = 16

const ENOENT = -2
const EAGAIN = -11
const EFAULT = -14

/** The parts of a pager's thread. */
export interface DeviceServerInit {
  readonly kernel: LinuxKernel
  readonly operations: FileOperations
  readonly source: FaultSource
  readonly file: DeviceFile
  readonly pages: DriverPages
  readonly entries: PageEntries
  readonly state: PagerState
  readonly options: {
    readonly timeout: number
    readonly run: { readonly least: number; readonly most: number }
    readonly residentLimit: number
  }
  readonly inode: bigint
  send(message: PagerMessage): void
}

/**
 * Serves one device: finds what a fault is about, asks the driver for what is not there, and shows what is.
 *
 * The memory file is the truth about which pages are there, save for those that a `Fill` is in flight for. All changes to what is there
 * and what is shown are made by this one thread.
 */
export class DeviceServer implements DeviceAreaHost, FillJobHost, ResidentListHost {
  readonly #init: DeviceServerInit
  readonly #pageSize: number
  readonly #source: FaultSource
  readonly #file: DeviceFile
  readonly #operations: FileOperations
  readonly #counters: Float64Array
  readonly #maps = new DeviceMaps()
  readonly #run: FaultRun
  readonly #fills: Fill[] = []
  readonly #jobs = new Map<number, FillJob>()
  readonly #resident: ResidentList | undefined
  #promises = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(init: DeviceServerInit) {
    this.#init = init
    this.#pageSize = init.kernel.pageSize
    this.#source = init.source
    this.#file = init.file
    this.#operations = init.operations
    this.#counters = init.state.counters
    this.#run = new FaultRun(init.options.run)
    const { residentLimit } = init.options
    if (residentLimit !== Infinity) this.#resident = this.#listPresent(residentLimit)
  }

  get addressSpace() {
    return this.#init.kernel.addressSpace
  }

  get inode(): bigint {
    return this.#init.inode
  }

  /** A hook has given a promise that is not settled. */
  get driverWaits(): boolean {
    return this.#promises > 0
  }

  // ---- what the program asks ----

  /** Lays a map out, and asks the `mmap` hook. Throws what that throws. */
  map({ start, length, offset, protection, flags, copies }: MapRequest): MapAnswer {
    const { mmap, pageMkwrite } = this.#operations
    if (mmap === undefined) throw new VmError('ENODEV', 'mmap', { hint: 'the driver has no mmap hook' })
    const area = new DeviceArea(this, { start, length, offset, protection, flags })
    const shared = (flags & MAP.SHARED) !== 0
    const map: DeviceMap = {
      area,
      start,
      end: start + length,
      offset,
      shared,
      protection,
      notifiesWrites: shared && pageMkwrite !== undefined,
      inserted: new Map(),
      placed: new Map(),
      copies,
    }
    const before = area.flags
    this.#maps.add(map)
    try {
      area.hookRunning = true
      this.#busy(() => mmap.call(this.#operations, area))
      area.hookRunning = false
      this.#tellKernel(area, before)
      this.#source.watch(start, length, protection, map.notifiesWrites)
      for (const [address, page] of map.inserted) this.#mapPage(map, address, page)
    } catch (error) {
      area.hookRunning = false
      this.#maps.remove(start, start + length)
      throw hookError(error, 'mmap')
    }
    return { set: area.flags & ~before & ~KEPT_BY_KERNEL, cleared: before & ~area.flags }
  }

  protect(start: number, length: number, protection: number): void {
    this.#source.setProtection(start, length, protection)
    for (const map of this.#maps.within(start, start + length)) {
      map.protection = protection
      map.area.protect(protection)
      if (this.#source.name === 'guard') continue
      // A page may have been put there after the program had changed what was there before.
      for (const address of map.inserted.keys()) {
        this.#init.kernel.calls.mprotect(BigInt(address), this.#pageSize, protection)
      }
    }
  }

  /** A map has grown, shrunk or moved, and nobody touches it meanwhile. */
  move(from: number, oldLength: number, to: number, length: number): void {
    const maps = this.#maps.within(from, from + oldLength)
    const last = maps.at(-1)
    if (last === undefined) return
    if (length < oldLength) {
      this.unmap(from + length, oldLength - length)
      return
    }
    for (const map of maps) {
      map.start += to - from
      map.end += to - from
      const inserted = [...map.inserted]
      map.inserted.clear()
      for (const [address, page] of inserted) map.inserted.set(address - from + to, page)
      const placed = [...map.placed]
      map.placed.clear()
      for (const [address, page] of placed) map.placed.set(address - from + to, page)
    }
    last.end = to + length
    last.area.move(to, length)
    // The guard has seen it grow.
    if (this.#source.name === 'guard') return
    this.#source.watch(to, length, last.protection, last.notifiesWrites)
  }

  /** The program is about to write to a private map: from now on some of its pages may be copies, which nobody can give again. */
  expectCopies(start: number, length: number): void {
    for (const map of this.#maps.within(start, start + length)) map.copies = true
  }

  unmap(start: number, length: number): void {
    this.#maps.remove(start, start + length)
    if (this.#source.name === 'guard') this.#source.unwatch(start, length)
  }

  /** Has the pages filled, and shown wherever they are mapped. */
  fill(id: number, offset: number, length: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const from = Math.floor(offset / this.#pageSize) * this.#pageSize
      const to = Math.min(this.#file.end, Math.ceil((offset + length) / this.#pageSize) * this.#pageSize)
      const job = new FillJob(this, from, to, this.#pageSize, (error) => {
        this.#jobs.delete(id)
        if (error === undefined) resolve()
        else reject(error.reason)
      })
      this.#jobs.set(id, job)
      job.start()
    })
  }

  /** Nobody waits for that `fill` any more. */
  cancel(id: number): void {
    const job = this.#jobs.get(id)
    if (job === undefined) return
    this.#jobs.delete(id)
    job.cancel()
    for (const fill of [...this.#fills]) this.#leave(fill, (waiter) => waiter.job === job)
  }

  /** Forgets what the device's pages held. What a driver is filling now it will be asked for again. */
  invalidate(offset: number, length: number): void {
    const from = Math.floor(offset / this.#pageSize) * this.#pageSize
    const to = Math.min(this.#file.end, Math.ceil((offset + length) / this.#pageSize) * this.#pageSize)
    if (from >= to) return
    for (const fill of this.#fills) if (!fill.firstWrite && fill.offset < to && from < fill.end) fill.stale = true
    this.#forgetPages(from, to - from)
    this.#resident?.remove(from, to - from)
  }

  /** Who waits is told that the device is closed. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    const error = new VmError('ENODEV', 'fault', { hint: 'the device was closed' })
    for (const fill of this.#fills.splice(0)) {
      this.#tellAll(fill, error)
      fill.abort(error)
    }
  }

  // ---- what a fill job asks ----

  /** The question in flight for the page at `offset`. */
  inFlight(offset: number): Fill | undefined {
    for (const fill of this.#fills) if (!fill.firstWrite && fill.covers(offset)) return fill
    return undefined
  }

  /** The end of the run of pages from `offset` on that are there, and that nobody is filling. */
  presentUntil(offset: number, end: number): number {
    return this.#clipToFills(offset, this.#file.nextAbsent(offset, end))
  }

  /** Shows pages that are there wherever they are mapped. */
  showEverywhere(offset: number, length: number): void {
    for (const map of this.#maps.showing(offset, length)) {
      const from = Math.max(offset, map.offset)
      const to = Math.min(offset + length, map.offset + (map.end - map.start))
      this.#show(map, map.start + (from - map.offset), to - from)
    }
  }

  /** Asks for what is absent from `offset` on, and not beyond `end`. Returns where the question ends. */
  askFor(offset: number, end: number, waiter: Waiter): number {
    const until = Math.min(offset + this.#init.options.run.most, this.#absentUntil(offset, end))
    const fill = new Fill(undefined, this.#file, undefined, offset, until - offset, false, false)
    this.wait(fill, waiter)
    this.#ask(fill)
    return until
  }

  wait(fill: Fill, waiter: Waiter): void {
    fill.waiters.push(waiter)
    this.#counters[COUNTER.WAITING]!++
  }

  // ---- faults ----

  /** Serves the fault with that index among those that the source has taken. `now` is when, as `performance.now()` tells. */
  readonly serve = (index: number, now: number): void => {
    this.#counters[COUNTER.FAULTS]!++
    const address = this.#source.address(index)
    const map = this.#maps.at(address)
    if (map === undefined) {
      this.#source.wake(address, this.#pageSize) // It was unmapped meanwhile.
      return
    }
    const offset = map.offset + (address - map.start)
    const write = this.#source.isWrite(index)
    const firstWrite = this.#source.isFirstWrite(index)
    const waiter: Waiter = { address, offset, write, since: now }
    for (const fill of this.#fills) {
      if (!fill.covers(offset) || fill.firstWrite !== firstWrite) continue
      this.wait(fill, waiter)
      this.#armTimer()
      return
    }
    if (firstWrite) this.#firstWrite(map, waiter)
    else if (map.inserted.has(address)) this.#fault(map, waiter, offset + this.#pageSize)
    else this.#missing(map, waiter)
  }

  #missing(map: DeviceMap, waiter: Waiter): void {
    const { offset } = waiter
    const asked = this.#run.lengthAt(offset)
    const most = Math.min(offset + asked, map.offset + (map.end - map.start), this.#file.endOfWindow(offset))
    const end = this.#file.nextPresent(offset, most)
    if (end === offset) {
      this.#showAround(map, waiter)
      return
    }
    const until = this.#clipToFills(offset, end)
    this.#run.began(offset, asked, until - offset)
    this.#fault(map, waiter, until)
  }

  #fault(map: DeviceMap, waiter: Waiter, end: number): void {
    const { offset, address, write } = waiter
    const fill = new Fill(map.area, this.#file, address, offset, end - offset, write, false)
    this.wait(fill, waiter)
    if (this.#operations.fault !== undefined) this.#ask(fill)
    else this.#tellAll(fill, undefined)
  }

  // Somebody may have come for the page twice before the first was answered.
  #firstWrite(map: DeviceMap, waiter: Waiter): void {
    const { offset, address } = waiter
    if (this.#source.name !== 'guard' && !this.#init.entries.isWriteProtected(address)) {
      this.#source.wake(address, this.#pageSize)
      return
    }
    const fill = new Fill(map.area, this.#file, address, offset, this.#pageSize, true, true)
    this.wait(fill, waiter)
    this.#ask(fill)
  }

  #showAround(map: DeviceMap, waiter: Waiter): void {
    const { address, offset, since } = waiter
    const end = Math.min(offset + SHOWN_AROUND * this.#pageSize, map.offset + (map.end - map.start))
    const until = map.inserted.size > 0 ? offset + this.#pageSize : this.presentUntil(offset, end)
    this.#resident?.touch(offset, until - offset)
    this.#init.state.countLatency(performance.now() - since)
    try {
      this.#showOrFail(map, address, until - offset)
    } catch (error) {
      this.#counters[COUNTER.WAITING]!++
      this.#tell(waiter, hookError(error, 'fault'), { offset, end: offset + this.#pageSize })
    }
  }

  #ask(fill: Fill): void {
    const hook = fill.firstWrite ? this.#operations.pageMkwrite! : this.#operations.fault!
    if (!fill.firstWrite) {
      fill.place = this.#init.state.begin(fill.offset, fill.length)
      if (fill.place < 0) {
        this.#tellAll(fill, new VmError('EAGAIN', 'fault', { hint: 'the driver has too many questions open already' }))
        return
      }
      this.#counters[COUNTER.FILLS]!++
      if (this.#resident !== undefined) this.#makeRoom(this.#resident, fill.length)
    }
    this.#fills.push(fill)
    let answer: void | Promise<void>
    this.#counters[COUNTER.BUSY_SINCE] = Date.now()
    try {
      answer = hook.call(this.#operations, fill)
    } catch (error) {
      this.#counters[COUNTER.BUSY_SINCE] = 0
      this.#failed(fill, error)
      return
    }
    this.#counters[COUNTER.BUSY_SINCE] = 0
    if (answer === undefined || typeof answer !== 'object') {
      this.#answered(fill)
      return
    }
    this.#promises++
    this.#armTimer()
    answer.then(
      () => {
        this.#promises--
        this.#answered(fill)
      },
      (error) => {
        this.#promises--
        this.#failed(fill, error)
      },
    )
  }

  #answered(fill: Fill): void {
    if (this.#closed) return
    this.#forget(fill)
    if (fill.stale) {
      this.#askAgain(fill)
      return
    }
    try {
      if (fill.firstWrite) this.#allowWrite(fill)
      else if (fill.page !== undefined) this.#giveDriverPage(fill)
      else if (fill.inserted) this.#driverPutPage(fill)
      else this.#giveOwnPages(fill)
    } catch (error) {
      if (fill.counted) this.#counters[COUNTER.WAITING]! += fill.waiters.length
      this.#refuse(fill, error)
      return
    }
    for (const waiter of fill.waiters) waiter.settle?.()
  }

  // Before they are let go on, so that who looks at the counters then finds himself counted.
  #count(fill: Fill): void {
    const { waiters } = fill
    fill.counted = true
    const now = performance.now()
    this.#counters[COUNTER.WAITING]! -= waiters.length
    for (const { address, since } of waiters) if (address >= 0) this.#init.state.countLatency(now - since)
  }

  #giveOwnPages(fill: Fill): void {
    const { offset, length, waiters } = fill
    // What the driver left alone is zero, and there all the same: a look makes it so.
    let looked = 0
    for (let at = 0; at < length; at += this.#pageSize) looked += fill.bytes[at]!
    this.#file.checkMemory(offset, looked)
    this.#init.state.end(fill.place)
    this.#resident?.touch(offset, length)
    this.#counters[COUNTER.BYTES_FILLED]! += length
    this.#count(fill)
    let shown: DeviceMap | undefined
    for (const { address } of waiters) {
      if (address < 0) {
        this.showEverywhere(offset, length)
        continue
      }
      const map = this.#maps.at(address)
      if (map === undefined) {
        this.#source.wake(address, this.#pageSize)
      } else if (map !== shown) {
        const from = map.start + (offset - map.offset)
        const to = Math.min(map.end, from + length)
        this.#showOrFail(map, Math.max(from, map.start), to - Math.max(from, map.start))
        shown = map
      }
    }
  }

  #giveDriverPage(fill: Fill): void {
    const page = this.#checkPage(fill.page!, 'fault')
    this.#takeBack(fill)
    this.#count(fill)
    for (const { address, offset } of fill.waiters) {
      if (address < 0) continue
      const map = this.#maps.at(address)
      // The answer is for the page that the driver was asked for: who waits for another one of the run asks himself.
      if (map === undefined || offset !== fill.offset) this.#source.wake(address, this.#pageSize)
      else this.#insert(map, address, page)
    }
  }

  // VM_FAULT_NOPAGE: the hook has put a page there itself. Who waits looks again.
  #driverPutPage(fill: Fill): void {
    this.#takeBack(fill)
    this.#count(fill)
    for (const { address } of fill.waiters) if (address >= 0) this.#source.wake(address, this.#pageSize)
  }

  #allowWrite(fill: Fill): void {
    this.#count(fill)
    for (const { address } of fill.waiters) {
      const map = this.#maps.at(address)
      const placed = map?.placed.get(address)
      if (placed !== undefined && this.#source.name === 'guard') {
        mapFilePage(this.#init.kernel, address, placed, map!.protection, true)
      }
      const code = map === undefined ? 0 : this.#source.show(address, this.#pageSize, true)
      if (code !== 0) this.#source.wake(address, this.#pageSize) // The page has gone: who waits faults anew.
    }
  }

  #failed(fill: Fill, error: unknown): void {
    if (this.#closed) return
    this.#forget(fill)
    if (fill.stale) this.#askAgain(fill)
    else this.#refuse(fill, error)
  }

  // A run was more than was needed: what is wrong may be with another page of it than those that are waited for.
  #refuse(fill: Fill, error: unknown): void {
    if (!fill.firstWrite) this.#takeBack(fill)
    if (fill.waiters.length === 0) return
    const again = fill.aborted || (!fill.firstWrite && fill.length > this.#pageSize)
    if (!again || fill.rounds === MOST_ROUNDS) {
      this.#tellAll(fill, error)
      return
    }
    this.#counters[COUNTER.WAITING]! -= fill.waiters.length
    const jobs = fill.waiters.filter((waiter) => waiter.settle !== undefined)
    for (const waiter of jobs) waiter.settle!({ reason: error, offset: fill.offset, end: fill.end })
    for (const waiter of fill.waiters) {
      if (waiter.settle !== undefined) continue
      const other = this.inFlight(waiter.offset)
      const map = this.#maps.at(waiter.address)
      if (map === undefined) this.#source.wake(waiter.address, this.#pageSize)
      else if (other !== undefined) this.wait(other, waiter)
      else this.#fault(map, waiter, waiter.offset + this.#pageSize)
    }
  }

  #askAgain(fill: Fill): void {
    this.#takeBack(fill)
    if (fill.waiters.length === 0) return
    if (fill.rounds === MOST_ROUNDS) {
      this.#tellAll(
        fill,
        new VmError('EIO', 'fault', { hint: 'the driver invalidates the page each time it fills it' }),
      )
      return
    }
    const { area, address, offset, length, write } = fill
    const next = new Fill(
      area,
      this.#file,
      address === undefined ? undefined : Number(address),
      offset,
      length,
      write,
      false,
    )
    next.waiters.push(...fill.waiters)
    next.rounds = fill.rounds + 1
    this.#ask(next)
  }

  // The error goes ahead, so that it is there when the access has failed.
  #tellAll(fill: Fill, error: unknown): void {
    const reason = error === undefined ? undefined : hookError(error, fill.firstWrite ? 'page_mkwrite' : 'fault')
    for (const waiter of fill.waiters.splice(0)) this.#tell(waiter, reason, fill)
  }

  #tell(waiter: Waiter, reason: VmError | undefined, { offset, end }: { offset: number; end: number }): void {
    this.#counters[COUNTER.WAITING]!--
    this.#counters[COUNTER.FAILURES]!++
    if (waiter.settle !== undefined) {
      waiter.settle({ reason: reason ?? new VmError('EFAULT', 'fault'), offset, end })
      return
    }
    const error = reason === undefined ? undefined : packError(reason)
    this.#init.send({ type: 'failure', address: waiter.address, error })
    this.#source.fail(waiter.address, this.#pageSize)
  }

  // ---- time ----

  #armTimer(): void {
    const { timeout } = this.#init.options
    if (timeout === Infinity || this.#timer !== undefined || this.#closed) return
    let first = Infinity
    for (const { waiters } of this.#fills) for (const { since } of waiters) first = Math.min(first, since)
    if (first === Infinity) return
    const left = Math.max(1, Math.min(first + timeout - performance.now() + 1, 2 ** 31 - 1))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#endWaits(performance.now() - timeout)
      this.#armTimer()
    }, left)
  }

  #endWaits(before: number): void {
    const { timeout } = this.#init.options
    for (const fill of [...this.#fills]) {
      const late = fill.waiters.filter(({ since }) => since <= before)
      if (late.length === 0) continue
      const error = new VmError('ETIMEDOUT', fill.firstWrite ? 'page_mkwrite' : 'fault', {
        hint: `the driver did not answer within ${timeout} ms`,
      })
      this.#counters[COUNTER.TIMEOUTS]! += late.length
      for (const waiter of late) this.#tell(waiter, error, fill)
      this.#leave(fill, (waiter) => late.includes(waiter), false)
      if (fill.waiters.length === 0) fill.abort(error)
    }
  }

  #leave(fill: Fill, goes: (waiter: Waiter) => boolean, counted = true): void {
    for (let index = fill.waiters.length - 1; index >= 0; index--) {
      if (!goes(fill.waiters[index]!)) continue
      fill.waiters.splice(index, 1)
      if (counted) this.#counters[COUNTER.WAITING]!--
    }
    if (counted && fill.waiters.length === 0) fill.abort()
  }

  // ---- pages ----

  #show(map: DeviceMap, address: number, length: number): number {
    if (map.inserted.size > 0) {
      let worst = 0
      for (let at = address; at < address + length; at += this.#pageSize) {
        if (map.inserted.has(at)) continue
        this.#protectPlaced(map, at, this.#pageSize, true)
        worst ||= this.#source.show(at, this.#pageSize, !map.notifiesWrites)
      }
      return worst
    }
    this.#protectPlaced(map, address, length, true)
    return this.#source.show(address, length, !map.notifiesWrites)
  }

  // What can't be shown because it is not there any more is asked for again by whoever waits.
  #showOrFail(map: DeviceMap, address: number, length: number): void {
    for (let at = address; at < address + length; at += this.#pageSize) {
      if (map.inserted.has(at)) this.#putOwnPage(map, at)
    }
    const code = this.#show(map, address, length)
    if (code === 0) return
    if (code !== EFAULT && code !== ENOENT) {
      throw new VmError(code, 'UFFDIO_CONTINUE', { address: BigInt(address), length })
    }
    this.#source.wake(address, length)
  }

  /** `vm_insert_page` */
  insertPage(area: DeviceArea, address: bigint, page: RawPage): void {
    const map = this.#maps.at(Number(address))
    const at = Math.floor(Number(address) / this.#pageSize) * this.#pageSize
    if (map === undefined || map.area !== area) throw new VmError('EFAULT', 'vm_insert_page', { address })
    const found = this.#checkPage(page, 'vm_insert_page')
    if (this.#isThere(map, at)) throw new VmError('EBUSY', 'vm_insert_page', { address })
    this.#insert(map, at, found)
    for (const fill of this.#fills) if (Number(fill.address) === at) fill.inserted = true
  }

  #isThere(map: DeviceMap, address: number): boolean {
    if (map.area.hookRunning) return map.inserted.has(address)
    // Who waits for a page does not see one, whatever the page table has.
    if (this.#fills.some((fill) => !fill.firstWrite && Number(fill.address) === address)) return false
    return this.#init.entries.isThere(address)
  }

  #checkPage(page: RawPage, call: string): DriverPage {
    if (page instanceof DriverPage && page.pages === this.#init.pages && !page.orphaned) return page
    throw new VmError('EINVAL', call, { hint: 'this is no page that the driver of this device owns' })
  }

  #insert(map: DeviceMap, address: number, page: DriverPage): void {
    page.take()
    map.inserted.get(address)?.drop()
    map.inserted.set(address, page)
    // Those of an mmap hook come when the map is watched.
    if (!map.area.hookRunning) this.#mapPage(map, address, page)
  }

  #mapPage(map: DeviceMap, address: number, { pages, offset }: DriverPage): void {
    this.#putInPlace(map, address, { descriptor: pages.descriptor, offset })
    this.#source.show(address, this.#pageSize, !map.notifiesWrites)
    this.#source.wake(address, this.#pageSize)
  }

  // The device's own page is there already, so that nobody reads a hole in between.
  #putOwnPage(map: DeviceMap, address: number): void {
    this.#putInPlace(map, address, { descriptor: this.#file.descriptor, offset: map.offset + (address - map.start) })
    map.inserted.get(address)!.drop()
    map.inserted.delete(address)
  }

  // The page is in its file, so that it may be seen at once: it is never a hole.
  #putInPlace(map: DeviceMap, address: number, page: FilePage): void {
    mapFilePage(this.#init.kernel, address, page, this.#placedProtection(map), map.shared)
    map.placed.set(address, page)
    // The guard goes by addresses; a userfaultfd by areas, and this is a new one.
    if (this.#source.name !== 'guard') this.#source.watch(address, this.#pageSize, map.protection, map.notifiesWrites)
  }

  zap(address: bigint, size: number): void {
    const from = Number(address) - (Number(address) % this.#pageSize)
    const to = Math.ceil((Number(address) + size) / this.#pageSize) * this.#pageSize
    const map = this.#maps.at(from)
    if (map === undefined) return
    let code = this.#hide(map, from, to - from)
    // Some other thread changes the layout, which is soon over.
    for (let patience = 10_000; code === EAGAIN && patience > 0; patience--) code = this.#hide(map, from, to - from)
    if (code < 0) throw new VmError(code, 'zap_page_range_single', { address, length: size })
  }

  // A hole that is in view reads as zeros, unless a userfaultfd tells of it.
  #forgetPages(offset: number, length: number): void {
    if (this.#source.name === 'guard') {
      for (const map of this.#maps.showing(offset, length)) {
        const from = Math.max(offset, map.offset)
        const to = Math.min(offset + length, map.offset + (map.end - map.start))
        this.#hideOwnPages(map, map.start + (from - map.offset), map.start + (to - map.offset))
      }
    }
    this.#file.punch(offset, length)
  }

  // ---- the budget ----

  #listPresent(limit: number): ResidentList {
    const list = new ResidentList(this, limit, this.#pageSize)
    // A thread before this one may have left pages.
    for (let at = 0; at < this.#file.end; ) {
      const from = this.#file.nextPresent(at, this.#file.end)
      at = this.#file.nextAbsent(from, this.#file.end)
      if (from < at) list.touch(from, at - from)
    }
    return list
  }

  #makeRoom(resident: ResidentList, bytes: number): void {
    let inFlight = bytes
    for (const { length } of this.#fills) inFlight += length
    resident.makeRoom(inFlight)
  }

  /** Takes pages from view wherever that loses nothing: a private map may have copies. */
  hide(offset: number, length: number): void {
    for (const map of this.#maps.showing(offset, length)) {
      if (map.copies) continue
      const from = Math.max(offset, map.offset)
      const to = Math.min(offset + length, map.offset + (map.end - map.start))
      this.#hideOwnPages(map, map.start + (from - map.offset), map.start + (to - map.offset))
    }
  }

  /** All but the pages of the driver's, which stay. */
  #hideOwnPages(map: DeviceMap, start: number, end: number): void {
    let from = start
    for (const address of [...map.inserted.keys(), end].sort((one, other) => one - other)) {
      if (address < from || address > end) continue
      if (address > from) this.#hide(map, from, address - from)
      from = address + this.#pageSize
    }
  }

  #hide(map: DeviceMap, address: number, length: number): number {
    const code = this.#source.hide(address, length)
    this.#protectPlaced(map, address, length, false)
    return code
  }

  // The guard hides and shows areas that it has watched as a whole, and these are others.
  #protectPlaced(map: DeviceMap, address: number, length: number, seen: boolean): void {
    if (map.placed.size === 0 || this.#source.name !== 'guard') return
    for (const [at, page] of map.placed) {
      if (at < address || at >= address + length) continue
      mapFilePage(this.#init.kernel, at, page, seen ? this.#placedProtection(map) : PROT.NONE, map.shared)
    }
  }

  #placedProtection(map: DeviceMap): number {
    return map.notifiesWrites && this.#source.name === 'guard' ? map.protection & ~PROT.WRITE : map.protection
  }

  drop(offset: number, length: number): void {
    this.#forgetPages(offset, length)
    this.#counters[COUNTER.BYTES_DROPPED]! += length
  }

  // ---- helpers ----

  #absentUntil(offset: number, end: number): number {
    const most = Math.min(end, this.#file.endOfWindow(offset))
    return this.#clipToFills(offset, this.#file.nextPresent(offset, most))
  }

  #clipToFills(offset: number, end: number): number {
    let until = end
    for (const fill of this.#fills) {
      if (!fill.firstWrite && fill.end > offset && fill.offset < until) until = Math.max(offset, fill.offset)
    }
    return until
  }

  /** What the driver wrote into the pages counts for nothing. */
  #takeBack(fill: Fill): void {
    if (fill.touched) this.#file.punch(fill.offset, fill.length)
    this.#init.state.end(fill.place)
  }

  #forget(fill: Fill): void {
    const at = this.#fills.indexOf(fill)
    if (at >= 0) this.#fills.splice(at, 1)
  }

  #busy(call: () => void): void {
    this.#counters[COUNTER.BUSY_SINCE] = Date.now()
    try {
      call()
    } finally {
      this.#counters[COUNTER.BUSY_SINCE] = 0
    }
  }

  #tellKernel(area: DeviceArea, before: bigint): void {
    const set = area.flags & ~before
    const { calls } = this.#init.kernel
    for (const [flag, advice] of ADVICE) {
      if ((set & flag) !== 0n) calls.madvise(area.start, Number(area.end - area.start), advice)
    }
  }
}

/** The flags that the kernel can be told of an area of a memory file. */
const ADVICE: readonly (readonly [flag: bigint, advice: number])[] = [
  [VM.DONTCOPY, MADV.DONTFORK],
  [VM.DONTDUMP, MADV.DONTDUMP],
  [VM.SEQ_READ, MADV.SEQUENTIAL],
  [VM.RAND_READ, MADV.RANDOM],
]
const KEPT_BY_KERNEL = ADVICE.reduce((flags, [flag]) => flags | flag, 0n)
