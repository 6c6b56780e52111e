import type { AreasOptions, PageRun } from '../../kernel/address-space.js'
import { hostKernel } from '../../kernel/host-kernel.js'
import type { RawPage } from '../../kernel/raw-page.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { hex } from '../../vocabulary/hex.js'
import { MADV } from '../../vocabulary/madv.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import { check } from '../addon/check.js'
import { checkAdvice } from '../addon/check-advice.js'
import { checkWait } from '../addon/check-wait.js'
import type { AreaDetails } from '../proc/area-details.js'
import { entriesShowWriteProtection } from '../proc/entries-show-write-protection.js'
import { isDeleted } from '../proc/is-deleted.js'
import { isKernelThread } from '../proc/is-kernel-thread.js'
import { missingRight } from '../proc/open-proc-file.js'
import { canScanPagemap, readPagemap, scanPagemap } from '../proc/pagemap.js'
import { PROCESS_GONE, ProcFiles } from '../proc/proc-files.js'
import { COVERING_OR_NEXT, type ProcmapOutcome, procmapFields, procmapQuery } from '../proc/procmap-query.js'
import { unescapeName } from '../proc/unescape-name.js'
import type { AreaReader } from './area-reader.js'
import { AreaText } from './area-text.js'
import { foreignMemory } from './foreign-memory.js'
import { LinuxArea } from './linux-area.js'
import { ListedAreas } from './listed-areas.js'
import type { ListingDetails } from './listing.js'
import { ProcmapAnswer } from './procmap-answer.js'
import { softDirtyIsKept } from './soft-dirty-is-kept.js'
import { withEmulatedFlags } from './with-emulated-flags.js'

/** No area that a look-up can find begins here or above: it is the kernel's half, where only `[vsyscall]` is listed. */
const KERNEL_HALF = 1n << 63n
/** How many areas are queried one by one before the whole list is read instead. */
const SINGLE_QUERIES = 32
const { EAGAIN, EINVAL } = ERRNO_RESULT
/** The guards of this process's address space. */
const guardsOfThisThread: string[] = []

/** Advice that changes no area, which process_madvise(2) accepts for any process. Other advice may change the layout. */
const ADVICE_ON_PAGES: readonly number[] = [MADV.WILLNEED, MADV.COLD, MADV.PAGEOUT, MADV.COLLAPSE]

export interface LinuxAddressSpaceOptions {
  /** `false` reads the text of /proc/PID/maps for every look-up, as on a kernel before 6.11. */
  readonly procmapQuery?: boolean
  /** `false` reads the entries of /proc/PID/pagemap, as on a kernel before 6.7. */
  readonly pagemapScan?: boolean
  /**
   * `vm_insert_page` for areas of devices, on the thread that serves them: the running kernel has no such call for a program. Throws
   * `VmError`. Without it, `insertPage` is refused on every area.
   */
  readonly insertPage?: (address: bigint, page: RawPage) => void
}

/**
 * An address space of the running kernel: this process's, or another's.
 *
 * An open /proc/PID/maps is the `mm_struct` (`proc_maps_open` pins it): it belongs to the program that ran when it was opened. When the
 * process ends or runs another program, every call fails with `ESRCH`.
 *
 * The lock of this process belongs to the library: it holds off the changes that the library makes, on all threads, and not those of V8
 * or the C library. Another process has no lock that could be taken: an answer about it may be stale when it is read.
 */
export class LinuxAddressSpace implements AreaReader {
  readonly pid: number
  /** Whether it is this process, whose lock can be held. */
  readonly isSelf: boolean
  readonly #files: ProcFiles
  readonly #text: AreaText
  /** `false` on a kernel before 6.11, which has no `PROCMAP_QUERY`: then every look-up reads the list. */
  #canQuery: boolean
  readonly #mayScan: boolean
  readonly #insertPage: LinuxAddressSpaceOptions['insertPage']
  /** Those of an area that was found by a query. */
  readonly #details: ListingDetails = { of: (area) => this.detailsOf(area), fresh: (area) => this.detailsOf(area) }

  constructor(process_: number | 'self', options: LinuxAddressSpaceOptions = {}) {
    addon() // Says what is wrong where there is no kernel to ask.
    this.isSelf = process_ === 'self' || process_ === process.pid
    this.pid = process_ === 'self' ? process.pid : process_
    this.#canQuery = options.procmapQuery ?? true
    this.#mayScan = options.pagemapScan ?? true
    this.#insertPage = options.insertPage
    this.#files = new ProcFiles(this.isSelf ? 'self' : this.pid)
    this.#text = new AreaText(this.#files, () => this.#mustStand('read'))
    unclosed.register(this, this.#files, this)
  }

  get knownPageStates(): number {
    const softDirty = softDirtyIsKept(() => new LinuxAddressSpace('self')) ? PAGE_STATE.DIRTY : 0
    const byEntry = PAGE_STATE.PRESENT | PAGE_STATE.SWAPPED | PAGE_STATE.FILE | PAGE_STATE.GUARD
    const protection = entriesShowWriteProtection() ? PAGE_STATE.WRITE_PROTECTED : 0
    const byScan = this.#mayScan && canScanPagemap() ? PAGE_STATE.HUGE | PAGE_STATE.ZERO : 0
    return byEntry | protection | byScan | softDirty
  }

  tryGet(): boolean {
    if (this.#hasUsers()) return true
    if (!isKernelThread(this.pid)) return false
    throw new VmError('EINVAL', 'mmget_not_zero', {
      path: this.#files.path('maps'),
      hint: `process ${this.pid} is a thread of the kernel, which has no memory of its own`,
    })
  }

  put(): void {}

  get guards(): string[] | undefined {
    return this.isSelf ? guardsOfThisThread : undefined
  }

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
      if (outcome === 'found') return this.#answered()
      if (outcome === 'none') return undefined
    }
    if (address >= KERNEL_HALF) return undefined
    const listing = this.#text.listing()
    const { table } = listing
    const row = table.firstEndingAfter(address)
    if (row === table.count || table.start(row) > address) return undefined
    return new LinuxArea(this, listing, row)
  }

  areas(from: bigint, to: bigint, options: AreasOptions = {}): Iterable<LinuxArea> {
    if (options.usage) return this.#listed(from, to, true)
    if (this.#canQuery && from > 0n && to <= KERNEL_HALF) return this.#queried(from, to)
    return this.#listed(from, to, false)
  }

  get scansPages(): boolean {
    return this.#mayScan && canScanPagemap()
  }

  *pages(from: bigint, to: bigint): Generator<PageRun, void, undefined> {
    const pagemap = this.#files.open('pagemap')
    // It was opened later than maps and could belong to the next program in this process.
    this.#mustStand('open')
    const end = to < KERNEL_HALF ? to : KERNEL_HALF
    const scanned = this.#mayScan ? scanPagemap(pagemap, from, end) : undefined
    const runs =
      scanned ??
      readPagemap(pagemap, this.#files.path('pagemap'), clipped(this.areas(from, end), from, end), addon().pageSize)
    yield* runs
    // The page map of an ended process is empty; if the process ended during the walk, the rest was empty.
    this.#mustStand('ioctl(PAGEMAP_SCAN)')
  }

  readMemory(address: bigint, target: Uint8Array): number {
    if (target.length === 0) return 0
    const read = checkWait(addon().processVmReadv(this.pid, address, target), address, target.length)
    if (read < 0) throw this.#refused(read, 'process_vm_readv', { address, length: target.length })
    this.#mustStand('process_vm_readv')
    return read
  }

  foreign(address: bigint, length: number): string | undefined {
    if (!this.isSelf || length === 0) return undefined
    const end = address + BigInt(length)
    return foreignMemory((from, to) => this.areas(from, to), address, end < KERNEL_HALF ? end : KERNEL_HALF)
  }

  advise(address: bigint, length: number, advice: number): number {
    if (this.isSelf && !ADVICE_ON_PAGES.includes(advice)) {
      checkAdvice(addon().madvise(address, length, advice), advice, { address, length })
      return length
    }
    const process_ = this.#files.openPid(this.pid)
    this.#mustStand('process_madvise')
    const advised = addon().processMadvise(process_, address, length, advice)
    if (advised >= 0) return advised
    if (advised === EINVAL && !ADVICE_ON_PAGES.includes(advice)) {
      throw new VmError(advised, 'process_madvise', {
        address,
        length,
        hint: 'another process can only be given the advice willneed, cold, pageout or collapse',
      })
    }
    throw this.#refused(advised, 'process_madvise', { address, length })
  }

  close(): void {
    unclosed.unregister(this)
    this.#files.close()
  }

  detailsOf(area: LinuxArea): AreaDetails {
    return this.#text.detailsOf(area)
  }

  isDeleted(area: LinuxArea): boolean {
    return isDeleted(this.#files.pid, area)
  }

  rawName(area: LinuxArea, name: Uint8Array): Uint8Array {
    if (this.#canQuery && this.#query(area.start, 0) === 'found') {
      if (procmapFields.start() === area.start && procmapFields.inode() === area.inode) return procmapFields.name()
    }
    return unescapeName(name)
  }

  flagsOf(area: LinuxArea, flags: bigint): bigint {
    return this.isSelf ? withEmulatedFlags(area.start, flags) : flags
  }

  zap(_area: LinuxArea, address: bigint, size: number): void {
    if (!this.isSelf) {
      this.advise(address, size, MADV.DONTNEED)
      return
    }
    // madvise refuses locked memory, which a zap does not.
    const answer = addon().adviseBare(address, size, MADV.DONTNEED)
    if (answer !== EINVAL) check(answer, 'madvise', { address, length: size })
    else
      checkAdvice(addon().adviseBare(address, size, MADV.DONTNEED_LOCKED), MADV.DONTNEED_LOCKED, {
        address,
        length: size,
      })
  }

  insertPage(area: LinuxArea, address: bigint, page: RawPage): void {
    if (this.#insertPage === undefined) {
      throw new UsageError(
        'ERR_VMAREA_NOT_MIXEDMAP',
        `the area at ${hex(area.start)} takes no pages here: only the driver of a device inserts pages, from its hooks`,
      )
    }
    if (address < area.start || address >= area.end) throw new VmError('EFAULT', 'vm_insert_page', { address })
    this.#insertPage(address, page)
  }

  /** `false` once the process has no memory, or if it never had any. */
  #hasUsers(): boolean {
    if (this.isSelf) return true
    try {
      if (this.#canQuery) {
        const outcome = this.#query(0n, COVERING_OR_NEXT)
        if (outcome !== 'unsupported') return outcome !== 'none'
      }
      return this.#text.listing().table.count > 0
    } catch (error) {
      if (error instanceof VmError && error.code === 'ESRCH') return false
      throw error
    }
  }

  #query(address: bigint, flags: number): ProcmapOutcome {
    const outcome = procmapQuery(this.#files.maps, address, flags)
    if (outcome === 'unsupported') this.#canQuery = false
    return outcome
  }

  /** The area that the last query found. */
  #answered(): LinuxArea {
    return new LinuxArea(this, new ProcmapAnswer(this.#details), 0)
  }

  /** The areas of a part: the first ones are queried one by one, so that reading a few of many is cheap. */
  *#queried(from: bigint, to: bigint): Generator<LinuxArea, void, undefined> {
    let next = from
    for (let queries = 0; queries < SINGLE_QUERIES && next < to; queries++) {
      const outcome = this.#query(next, COVERING_OR_NEXT)
      if (outcome === 'none') return
      if (outcome !== 'found') break
      const area = this.#answered()
      if (area.start >= to) return
      next = area.end
      yield area
    }
    yield* this.#listed(next, to, false)
  }

  #listed(from: bigint, to: bigint, usage: boolean): Iterable<LinuxArea> {
    if (from >= to) return []
    return new ListedAreas(this, from, to, (whole) =>
      usage ? this.#text.listingWithUsage(whole) : this.#text.listing(),
    )
  }

  #mustStand(syscall: string): void {
    if (!this.#hasUsers()) throw new VmError('ESRCH', syscall, { path: this.#files.path('maps'), hint: PROCESS_GONE })
  }

  #refused(error: number, syscall: string, detail: { address: bigint; length: number }): VmError {
    const refused = new VmError(error, syscall, detail)
    if (refused.code !== 'EPERM') return refused
    return new VmError(error, syscall, { ...detail, hint: missingRight(this.pid) })
  }
}

hostKernel.addressSpaceOf = (pid) => new LinuxAddressSpace(pid)

const unclosed = new FinalizationRegistry<ProcFiles>((files) => files.close())

function* clipped(areas: Iterable<LinuxArea>, from: bigint, to: bigint): Generator<{ start: bigint; end: bigint }> {
  for (const { start, end } of areas) yield { start: start > from ? start : from, end: end < to ? end : to }
}
