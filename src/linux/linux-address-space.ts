import { closeSync } from 'node:fs'
import type { AddressSpace, AreasOptions, PageRun } from '../kernel/address-space.js'
import type { RawPage } from '../kernel/raw-page.js'
import { VmError } from '../vocabulary/vm-error.js'
import { addon } from './addon.js'
import { check } from './check.js'
import type { LinuxArea } from './linux-area.js'
import { ListedArea, type ListingDetails } from './listed-area.js'
import type { AreaDetails } from './proc/area-details.js'
import { MapsTable } from './proc/maps-table.js'
import { openProcFile } from './proc/open-proc-file.js'
import { COVERING_OR_NEXT, type ProcmapOutcome, procmapQuery } from './proc/procmap-query.js'
import { readText } from './proc/read-text.js'
import { QueriedArea } from './queried-area.js'

/** No area that a look-up can find begins here or above: it is the kernel's half, where only `[vsyscall]` is listed. */
const KERNEL_HALF = 1n << 63n
/** How many areas are asked for one by one before the whole list is read instead. */
const SINGLE_QUERIES = 32
const EAGAIN = -11

/**
 * An address space of the running kernel: this process's, or another's.
 *
 * An open /proc/PID/maps is the `mm_struct` (`proc_maps_open` pins it): it stays that of the program that ran when it was opened. When
 * the process ends, or runs another program, every call fails with `ESRCH`.
 *
 * The lock of this process is the library's own: it holds off every change the library makes, on all threads, and none of V8's or the
 * C library's. Another process has no lock that could be taken: what is read of it is true for the moment.
 */
export class LinuxAddressSpace implements AddressSpace {
  readonly pid: number
  /** This process: its lock can be held. */
  readonly isSelf: boolean
  readonly #maps: number
  readonly #path: string
  /** Cleared on a kernel before 6.11, which has no `PROCMAP_QUERY`: then the list is read for every answer. */
  #canQuery: boolean

  /** @param options `procmapQuery: false` asks /proc/PID/maps for everything, as on a kernel that has no `PROCMAP_QUERY` */
  constructor(process_: number | 'self', options: { procmapQuery?: boolean } = {}) {
    this.isSelf = process_ === 'self' || process_ === process.pid
    this.pid = process_ === 'self' ? process.pid : process_
    this.#path = `/proc/${this.isSelf ? 'self' : this.pid}/maps`
    this.#canQuery = options.procmapQuery ?? true
    this.#maps = openProcFile(this.isSelf ? 'self' : this.pid, 'maps')
    descriptors.register(this, this.#maps, this)
  }

  tryGet(): boolean {
    if (this.isSelf) return true
    try {
      if (this.#canQuery) {
        const outcome = this.#query(0n, COVERING_OR_NEXT)
        if (outcome !== 'unsupported') return outcome === 'found'
      }
      return this.#list().count > 0
    } catch (error) {
      if (error instanceof VmError && error.code === 'ESRCH') return false
      throw error
    }
  }

  put(): void {}

  readLock(): void {
    if (this.isSelf) check(addon().layoutReadLock(), 'mmap_read_lock')
  }

  tryReadLock(): boolean {
    if (!this.isSelf) return true
    const answer = addon().layoutTryReadLock()
    if (answer === EAGAIN) return false
    check(answer, 'mmap_read_trylock')
    return true
  }

  readUnlock(): void {
    if (this.isSelf) addon().layoutReadUnlock()
  }

  lookup(address: bigint): LinuxArea | undefined {
    if (this.#canQuery) {
      const outcome = this.#query(address, 0)
      if (outcome === 'found') return new QueriedArea(this)
      if (outcome === 'none') return undefined
    }
    if (address >= KERNEL_HALF) return undefined
    const table = this.#list()
    const row = table.firstEndingAfter(address)
    return row < table.count && table.start(row) <= address ? this.#listed(table, row) : undefined
  }

  *areas(from: bigint, to: bigint, options: AreasOptions = {}): Generator<LinuxArea, void, undefined> {
    let next = from
    if (this.#canQuery && !options.usage && from > 0n && to <= KERNEL_HALF) {
      for (let queries = 0; queries < SINGLE_QUERIES && next < to; queries++) {
        const outcome = this.#query(next, COVERING_OR_NEXT)
        if (outcome === 'none') return
        if (outcome !== 'found') break
        const area = new QueriedArea(this)
        if (area.start >= to) return
        next = area.end
        yield area
      }
    }
    if (next >= to) return
    const table = this.#list()
    const details = this.#listingDetails()
    for (let row = table.firstEndingAfter(next); row < table.count && table.start(row) < to; row++) {
      yield new ListedArea(this, table, row, details)
    }
  }

  pages(_from: bigint, _to: bigint): Iterable<PageRun> {
    throw new VmError('ENOSYS', 'ioctl(PAGEMAP_SCAN)')
  }

  readMemory(_address: bigint, _target: Uint8Array): number {
    throw new VmError('ENOSYS', 'process_vm_readv')
  }

  advise(_address: bigint, _length: number, _advice: number): number {
    throw new VmError('ENOSYS', 'process_madvise')
  }

  close(): void {
    descriptors.unregister(this)
    closeSync(this.#maps)
  }

  detailsOf(_area: LinuxArea): AreaDetails {
    throw new VmError('ENOSYS', 'read')
  }

  isDeleted(_area: LinuxArea): boolean {
    throw new VmError('ENOSYS', 'read')
  }

  rawName(_area: LinuxArea, name: Uint8Array): Uint8Array {
    return name
  }

  heldFlags(_area: LinuxArea): bigint {
    return 0n
  }

  zap(_area: LinuxArea, address: bigint, size: number): void {
    check(addon().zapRange(address, size, false), 'madvise', { address, length: size })
  }

  insertPage(_area: LinuxArea, address: bigint, _page: RawPage): void {
    throw new VmError('EINVAL', 'vm_insert_page', { address })
  }

  #query(address: bigint, flags: number): ProcmapOutcome {
    const outcome = procmapQuery(this.#maps, address, flags)
    if (outcome === 'unsupported') this.#canQuery = false
    return outcome
  }

  #list(): MapsTable {
    const table = new MapsTable()
    const length = readText(this.#maps, this.#path, (bytes, from, to) => table.addAll(bytes, from, to))
    if (length > 0) return table
    throw new VmError('ESRCH', 'read', {
      path: this.#path,
      hint: 'a process that has ended, or a thread of the kernel, has no memory',
    })
  }

  #listed(table: MapsTable, row: number): ListedArea {
    return new ListedArea(this, table, row, this.#listingDetails())
  }

  #listingDetails(): ListingDetails {
    return { of: (area) => this.detailsOf(area) }
  }
}

const descriptors = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor))
