import type { DeviceStatistics } from '../../kernel/device-statistics.js'
import type { RawDeviceOptions } from '../../kernel/devices.js'
import type { FileOperations } from '../../kernel/file-operations.js'
import type { RawWriteback } from '../../kernel/raw-writeback.js'
import { unlessAborted } from '../../kernel/unless-aborted.js'
import { Fetches } from '../../paging/fetches.js'
import { pageRange } from '../../paging/page-range.js'
import { ReadAhead } from '../../paging/read-ahead.js'
import { RequestCounters } from '../../paging/request-counters.js'
import { RequestDispatcher } from '../../paging/request-dispatcher.js'
import { ResidentList } from '../../paging/resident-list.js'
import { WriteBacks } from '../../paging/write-backs.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { hideFilePages } from '../pages/hide-file-pages.js'
import { mapFilePages } from '../pages/map-file-pages.js'
import { protectFilePages } from '../pages/protect-file-pages.js'
import type { Inode, InodeDriver } from '../structs/inode.js'
import type { Page } from '../structs/page.js'
import { unmapFilePages } from '../structs/unmap-file-pages.js'
import type { Vma } from '../structs/vma.js'
import { completeRequest } from './complete-request.js'
import { DeviceRequest } from './device-request.js'

const defer = (callback: () => void) => setTimeout(callback, 0)

/** Whether the hooks are called: see `DeviceLifetime`. */
export type DriverState =
  | { readonly name: 'serving' }
  /** Restarting: other hooks are about to take over. Accesses and fetches wait for `over`. */
  | { readonly name: 'restarting'; readonly over: Promise<undefined>; readonly resolve: () => void }
  /** The device was closed, or could not be restarted: accesses fail with `error`. */
  | { readonly name: 'ended'; readonly error: VmError }

/**
 * The driver of a device's inode: its hooks, the requests to them, and the device's own pages, which are the inode's page cache.
 *
 * The states of a page of the device and their transitions are those of `createServedDevice` on Linux:
 *
 *  P1. Absent: the page is not in `inode.pages`.
 *  P2. Requested: `requests`. A page is in one pending request at most, and is absent meanwhile.
 *  P3. Shown and hidden: the page tables. An absent page is in no page table, except as a private copy.
 *  P4. No page is poisoned: the error is the result of the access itself.
 *  P5. With a resident limit, `resident` has each page that is shown or hidden, and no other.
 *  P6. With a `writeback` hook, a page that is dropped is clean: see `WriteBacks`. `invalidate` alone drops others.
 */
export class Driver implements InodeDriver {
  readonly inode: Inode
  readonly counters: RequestCounters = new RequestCounters()
  readonly resident: ResidentList | undefined
  /** The pages that programs have written to, where the current hooks take them back. */
  writeBacks: WriteBacks | undefined
  /** The numbers of those pages, for the hooks that take over. */
  readonly #written = new Set<number>()
  /** The requests to the current hooks: hooks that take over begin with none. */
  requests!: RequestDispatcher<DeviceRequest>
  readAhead!: ReadAhead
  #fetches!: Fetches<DeviceRequest>
  #state: DriverState = { name: 'serving' }
  /** The error of fetches that a restart interrupts; they are tried again. */
  #restarted: VmError | undefined
  #operations: FileOperations
  #released = false
  readonly #options: Pick<RawDeviceOptions, 'timeout' | 'run'>

  constructor(
    inode: Inode,
    operations: FileOperations,
    { timeout, run, residentLimit }: Pick<RawDeviceOptions, 'timeout' | 'run' | 'residentLimit'>,
  ) {
    const { pageSize } = inode.machine
    this.inode = inode
    this.#operations = operations
    this.#options = { timeout, run }
    if (residentLimit !== Infinity) {
      const driver = this
      const host = {
        /** Pages are clean before they are dropped (P6). */
        get writeBacks() {
          return driver.writeBacks
        },
        hide: (offset: number, length: number) => hideFilePages(inode, offset / pageSize, (offset + length) / pageSize),
        drop: (offset: number, length: number) => {
          this.#forget(offset, offset + length)
          this.counters.countDropped(length)
        },
      }
      this.resident = new ResidentList(host, residentLimit, pageSize)
    }
    inode.driver = this
    this.#serve()
  }

  /** The driver of an inode, where that is a device's. */
  static of(inode: Inode | undefined): Driver | undefined {
    return inode?.driver instanceof Driver ? inode.driver : undefined
  }

  get operations(): FileOperations {
    return this.#operations
  }

  get state(): DriverState {
    return this.#state
  }

  get statistics(): DeviceStatistics {
    return { ...this.counters.read(), bytesResident: this.inode.pages.size * this.inode.machine.pageSize }
  }

  // ---- pages ----

  /** The first page in `[from, to)` that is in memory, or `to`. In bytes. */
  nextPresent(from: number, to: number): number {
    return this.#next(from, to, true)
  }

  /** The first page in `[from, to)` that is not in memory, or `to`. In bytes. */
  nextAbsent(from: number, to: number): number {
    return this.#next(from, to, false)
  }

  /** Maps the pages of `[offset, offset + length)` that are in memory, in an area of the device, where nothing is mapped. */
  show(vma: Vma, offset: number, length: number): void {
    const { pageSize } = vma.mm
    const from = vma.start / pageSize + offset / pageSize - vma.pgoff
    mapFilePages(vma, from, from + length / pageSize, (index) => this.inode.pages.get(index))
  }

  /** Maps them in every area of the device. */
  showEverywhere(offset: number, length: number): void {
    for (const vma of this.inode.mappings) this.show(vma, offset, length)
  }

  /**
   * Drops the pages that `[offset, offset + length)` touches from memory, from every page table and from `resident` (P5). Pending requests for
   * them are repeated.
   */
  invalidate(offset: number, length: number): void {
    const { start, end } = pageRange(offset, length, this.inode.machine.pageSize, Infinity)
    if (start >= end) return
    this.requests.invalidate(start, end)
    this.writeBacks?.forget(start, end)
    this.#forget(start, end)
    this.resident?.remove(start, end - start)
  }

  /**
   * Resolves when the pages that `[offset, offset + length)` touches are in memory and mapped in every area of the device. Rejects with
   * the error of the first page that fails, once all were tried. A restart meanwhile starts the fetch again.
   */
  async fetch(offset: number, length: number, signal: AbortSignal | undefined): Promise<void> {
    const { machine, length: pages } = this.inode
    const { start, end } = pageRange(offset, length, machine.pageSize, pages * machine.pageSize)
    for (;;) {
      if (this.#state.name === 'restarting') await unlessAborted(this.#state.over, signal)
      if (this.#state.name === 'ended') throw this.#state.error
      const key = {}
      const cancel = () => this.#fetches.cancel(key)
      signal?.addEventListener('abort', cancel, { once: true })
      try {
        await unlessAborted(this.#fetches.fetch(key, start, end), signal)
        return
      } catch (error) {
        if (this.#restarted === undefined || error !== this.#restarted) throw error
      } finally {
        signal?.removeEventListener('abort', cancel)
      }
    }
  }

  /** Notes that a page is about to become writable in a shared area. Pages that the driver owns are not written back. */
  noteWrite(offset: number, page: Page): void {
    if (this.inode.pages.get(offset / this.inode.machine.pageSize) === page) this.writeBacks?.mark(offset)
  }

  // ---- states ----

  /** Ends all waits with the error, and makes no more requests. */
  end(error: VmError): void {
    const before = this.#state
    this.#state = { name: 'ended', error }
    this.#fetches.close(error)
    this.requests.close(error)
    if (before.name === 'restarting') before.resolve()
  }

  /** Prepares for other hooks: pending and new accesses and fetches wait for them. */
  suspend(): void {
    if (this.#state.name !== 'restarting') {
      let resolve!: () => void
      const over = new Promise<undefined>((settle) => {
        resolve = () => settle(undefined)
      })
      this.#state = { name: 'restarting', over, resolve }
    }
    const reason = new VmError('EIO', 'fault', { hint: 'the device is being restarted' })
    this.#restarted = reason
    this.#fetches.close(reason)
    this.requests.release(reason)
  }

  /** Installs the restarted driver's hooks and wakes everything that waited for them. */
  replace(operations: FileOperations): void {
    const before = this.#state
    this.#operations = operations
    this.#released = false
    this.#state = { name: 'serving' }
    this.#serve()
    if (before.name === 'restarting') before.resolve()
  }

  /** `f_ops->release`, once. */
  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    await this.#operations.close?.()
  }

  #serve(): void {
    const { timeout, run } = this.#options
    const { pageSize } = this.inode.machine
    const requests = new RequestDispatcher<DeviceRequest>({
      pageSize,
      timeout,
      counters: this.counters,
      ask: (request) => this.#callHook(request),
      complete: (request, waiters) => completeRequest(this, request, waiters),
      makeRoom: (bytes) => this.resident?.makeRoom(bytes) ?? true,
      noRoom: () => this.writeBacks?.failure,
      defer,
    })
    this.requests = requests
    this.writeBacks = this.#operations.writeback && this.#takeBack(requests)
    this.readAhead = new ReadAhead(run)
    this.#fetches = new Fetches<DeviceRequest>({
      pageSize,
      requests,
      most: run.most,
      nextPresent: (from, to) => this.nextPresent(from, to),
      nextAbsent: (from, to) => this.nextAbsent(from, to),
      showEverywhere: (offset, length) => this.showEverywhere(offset, length),
      requestFor: (offset, length) => this.#operations.fault && DeviceRequest.fill(undefined, offset, length),
      defer,
    })
  }

  #takeBack(requests: RequestDispatcher<DeviceRequest>): WriteBacks {
    const { inode, counters } = this
    const { pageSize } = inode.machine
    const host = {
      pageSize,
      most: this.#options.run.most,
      timeout: this.#options.timeout,
      counters,
      write: (writeback: RawWriteback) => this.#operations.writeback!(writeback),
      protect: (offset: number, length: number) =>
        protectFilePages(inode, offset / pageSize, (offset + length) / pageSize),
      copy: (offset: number, length: number) => this.#copy(offset, Math.min(length, inode.size - offset)),
      note: (offset: number, length: number, written: boolean) => {
        for (let at = offset; at < offset + length; at += pageSize) {
          if (written) this.#written.add(at / pageSize)
          else this.#written.delete(at / pageSize)
        }
      },
      ended: () => requests.resumeSoon(),
    }
    return new WriteBacks(host, this.#written)
  }

  /** A copy of pages in memory, from `offset` on. */
  #copy(offset: number, length: number): Uint8Array {
    const { pageSize } = this.inode.machine
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += pageSize) {
      const page = this.inode.pages.get((offset + at) / pageSize)!
      bytes.set(page.bytes.subarray(0, Math.min(pageSize, length - at)), at)
    }
    return bytes
  }

  /** Holds the mmap lock of the process that made the access for reading while the hook runs. */
  #callHook(request: DeviceRequest): void | Promise<void> {
    const mm = request.access?.mm
    if (mm !== undefined) mm.readers++
    try {
      if (request.call === 'pfn_mkwrite') return this.#operations.pfnMkwrite!(request)
      return request.firstWrite ? this.#operations.pageMkwrite!(request) : this.#operations.fault!(request)
    } finally {
      if (mm !== undefined) mm.readers--
    }
  }

  #next(from: number, to: number, present: boolean): number {
    const { machine, pages } = this.inode
    let at = from
    while (at < to && pages.has(at / machine.pageSize) !== present) at += machine.pageSize
    return Math.min(at, to)
  }

  /** Removes the pages in `[start, end)`, in bytes, from the page cache and from every page table (P1, P3). */
  #forget(start: number, end: number): void {
    const { inode } = this
    const [first, last] = [start / inode.machine.pageSize, end / inode.machine.pageSize]
    unmapFilePages(inode, first, last, false)
    for (const [index, page] of within(inode.pages, first, last)) {
      page.references--
      inode.pages.delete(index)
    }
  }
}

/** The entries of `map` whose keys are in `[first, last)`. It walks the range or the map, whichever is shorter. */
function within<V>(map: ReadonlyMap<number, V>, first: number, last: number): [number, V][] {
  if (last - first > map.size) return [...map].filter(([key]) => key >= first && key < last)
  const found: [number, V][] = []
  for (let key = first; key < last; key++) {
    const value = map.get(key)
    if (value !== undefined) found.push([key, value])
  }
  return found
}
