import { closeSync } from 'node:fs'
import type { DeviceStatistics } from '../../../kernel/device-statistics.js'
import type { RawDeviceOptions } from '../../../kernel/devices.js'
import type { FaultRecord } from '../../../kernel/fault-record.js'
import type { RawDevice } from '../../../kernel/raw-device.js'
import type { LinuxKernel } from '../../../linux/linux-kernel.js'
import { reopenToRead } from '../../../linux/proc/reopen-to-read.js'
import type { LinuxRegion } from '../../../linux/regions/linux-region.js'
import { checkResidentLimit } from '../../../paging/check-resident-limit.js'
import { DeviceLifetime } from '../../../paging/device-lifetime.js'
import { unwrittenError } from '../../../paging/unwritten-error.js'
import type { FaultSourceName } from '../../../vocabulary/fault-source-name.js'
import { MAP } from '../../../vocabulary/map.js'
import { PROT } from '../../../vocabulary/prot.js'
import type { EvictionOrder } from '../../../vocabulary/reports/eviction-order.js'
import { VM } from '../../../vocabulary/vm.js'
import type { OpenedFaultSource } from '../../source/opened-fault-source.js'
import type { MapAnswer, MapRequest } from '../../thread/pager-request.js'
import type { PagerThreadData } from '../../thread/pager-thread-data.js'
import { ServingThread } from '../../thread/serving-thread.js'
import type { ServingThreadData } from '../../thread/serving-thread-data.js'
import type { ThreadProgram } from '../../thread/thread-program.js'
import { unpackError } from '../../thread/unpack-error.js'
import { closedError } from './closed-error.js'
import { DeviceRegion } from './device-region.js'
import { DeviceRegions } from './device-regions.js'
import { FaultCauses } from './fault-causes.js'
import { mayCopy } from './may-copy.js'
import { openDeviceSource } from './open-device-source.js'

/** How much longer than `timeout` the thread may take before it counts as dead, in milliseconds: a thread that runs ends waits itself. */
const GRACE = 500

const PROGRAM: ThreadProgram = {
  entry: () => new URL('../server/pager-thread.js', import.meta.url),
  name: 'vmarea pager',
  owner: "the driver's",
  module: "the driver's module",
  setup: "the driver's function and its open hook",
  advice: 'restart() the device',
}

/** The mapping of a region. */
type Layout = Pick<MapRequest, 'offset' | 'flags' | 'protection' | 'copies'>

/** A device on the running kernel, on the program's side: its files, its maps, and the connection to the thread that serves it. */
export class DeviceClient implements RawDevice {
  readonly #kernel: LinuxKernel
  readonly #driver: string
  readonly #options: RawDeviceOptions
  readonly #source: OpenedFaultSource
  readonly #file: number
  #pages: number
  readonly #written: number
  readonly #thread: ServingThread
  readonly #lifetime = new DeviceLifetime()
  readonly #regions = new DeviceRegions()
  readonly #listeners: ((cause: Error) => void)[] = []
  readonly #failures: FaultCauses
  #order: EvictionOrder | undefined
  /** The thread was asked for the order and has not answered. */
  #isOrderAsked = false

  /** Opens a device. Where the driver can't be opened, rejects and leaves nothing behind: nothing is mapped yet (D1). */
  static async open(kernel: LinuxKernel, driver: string, options: RawDeviceOptions): Promise<DeviceClient> {
    options.signal?.throwIfAborted()
    const source = openDeviceSource(kernel.userfaultfds, options.source, options.timeout + GRACE)
    const device = new DeviceClient(kernel, driver, options, source)
    try {
      await device.#start(options.signal)
      device.#thread.tell({ type: 'serve', id: 0 })
    } catch (error) {
      device.#release()
      throw error
    }
    device.#lifetime.closeOn(options.signal, () => device.close())
    return device
  }

  private constructor(kernel: LinuxKernel, driver: string, options: RawDeviceOptions, source: OpenedFaultSource) {
    this.#kernel = kernel
    this.#driver = driver
    this.#options = options
    this.#source = source
    this.#thread = new ServingThread({
      program: PROGRAM,
      deadline: options.timeout + GRACE,
      failure: ({ address, error }) => this.#failures.add(address, error && unpackError(error)),
      order: (order) => {
        this.#order = order
        this.#isOrderAsked = false
      },
      death: (cause) => {
        for (const listener of this.#listeners) listener(cause)
      },
    })
    this.#failures = new FaultCauses({
      pageSize: kernel.pageSize,
      source,
      thread: this.#thread,
      timeout: options.timeout,
      isClosed: () => this.#lifetime.isClosed,
      has: (address) => DeviceRegion.of(kernel.regions.regionAt(BigInt(address)))?.part.device === this,
      isCovered: (address) => kernel.regions.regionAt(address)?.fault !== undefined,
    })
    this.#file = kernel.files.memfdCreate('vmarea-device', { sealable: false })
    this.#pages = kernel.files.memfdCreate('vmarea-pages', { sealable: false })
    this.#written = kernel.files.memfdCreate('vmarea-written', { sealable: false })
  }

  get size(): number {
    return this.#thread.size
  }

  get source(): FaultSourceName {
    return this.#source.name
  }

  get writesBack(): boolean {
    return this.#thread.writesBack
  }

  /** See `OpenedFaultSource.changesProtection`. */
  get changesProtection(): boolean {
    return this.#source.changesProtection
  }

  get state(): 'serving' | 'dead' | 'closed' {
    if (this.#lifetime.isClosed) return 'closed'
    return this.#thread.serves ? 'serving' : 'dead'
  }

  get statistics(): DeviceStatistics {
    return {
      ...this.#thread.state.counters.read(),
      bytesResident: this.#lifetime.isClosed ? 0 : this.#kernel.files.bytesInMemory(this.#file),
    }
  }

  evictionOrder(): EvictionOrder | undefined {
    if (this.#options.residentLimit === Infinity || this.state !== 'serving') return undefined
    // A thread that is busy is not asked again.
    if (!this.#isOrderAsked) this.#thread.tell({ type: 'order' })
    this.#isOrderAsked = true
    return this.#order
  }

  map(address: bigint, length: number, protection: number, flags: number, offset: number): LinuxRegion {
    this.#checkOpen('mmap')
    const { regions, pageSize } = this.#kernel
    const asked = (flags & ~(MAP.POPULATE | MAP.LOCKED)) | MAP.NORESERVE
    const shared = (flags & MAP.SHARED) !== 0
    // A private map uses a read-only descriptor, so that no write can reach the device.
    const file = shared ? this.#file : reopenToRead(this.#file)
    let region: LinuxRegion
    try {
      region = regions.mapRegion(address, length, PROT.NONE, asked, file, offset, pageSize)
    } finally {
      if (!shared) closeSync(file)
    }
    try {
      const cleared = this.#layOut(region, { offset, flags, protection, copies: mayCopy(flags, protection) })
      if (!this.changesProtection) region.protect(0, region.length, protection, PROT.NONE)
      region.keeper = new DeviceRegion({ device: this, offset, flags, cleared }, protection)
    } catch (error) {
      region.unmap()
      throw error
    }
    this.adopt(region)
    return region
  }

  async fill(offset: number, length: number, signal?: AbortSignal): Promise<void> {
    checkResidentLimit(length, this.#options.residentLimit)
    this.#checkOpen('fault')
    await this.#thread.ask('fault', { type: 'fill', offset, length }, signal)
  }

  async flush(offset: number, length: number): Promise<void> {
    this.#checkOpen('msync')
    await this.#thread.ask('msync', { type: 'flush', offset, length })
  }

  flushNow(offset: number, length: number): void {
    this.#checkOpen('msync')
    this.#thread.askNow('msync', { type: 'flush', offset, length })
  }

  async invalidate(offset: number, length: number): Promise<void> {
    this.#checkOpen('fallocate')
    await this.#thread.ask('fallocate', { type: 'invalidate', offset, length })
  }

  explain(fault: FaultRecord): FaultRecord {
    return this.#failures.explain(fault)
  }

  restart(): Promise<void> {
    return this.#lifetime.restart(() => this.#restart())
  }

  async #restart(): Promise<void> {
    this.#lifetime.checkOpen()
    const { sourceId, serves } = this.#thread
    // The waiters of a thread that lives wait for the next one; a dead one has no waiters.
    if (serves) this.#source.expectServer(true, sourceId)
    try {
      await this.#thread.leave()
      this.#lifetime.checkOpen()
      await this.#startAnew()
    } finally {
      if (serves) this.#source.expectServer(false, sourceId)
    }
    this.#source.wakeUnanswered(this.#kernel.pageSize)
    this.#failures.takeUnanswered() // Discard timeouts of the previous thread.
    for (const region of this.#regions.all()) {
      // A covered page is poisoned when restore() puts it back, and restore() heals it then.
      if (region.fault === undefined) this.heal(Number(region.start), region.length)
    }
  }

  async #startAnew(): Promise<void> {
    const { files } = this.#kernel
    const pages = this.#pages
    this.#pages = files.memfdCreate('vmarea-pages', { sealable: false })
    files.close(pages)
    try {
      await this.#start(this.#lifetime.closing)
    } finally {
      this.#lifetime.checkOpen()
    }
    // The same pages and maps as before (D3). A thread that knew some of them alone would not protect a page everywhere.
    try {
      for (const region of this.#regions.all()) this.#layOut(region, DeviceRegion.of(region)!.layout)
      this.#thread.askNow('fault', { type: 'serve' })
    } catch (error) {
      await this.#thread.leave()
      throw error
    }
  }

  close(): Promise<void> {
    return this.#lifetime.close(() => this.#close())
  }

  onDeath(listener: (cause: Error) => void): void {
    this.#listeners.push(listener)
  }

  // ---- reports of its regions, to the thread (D2) ----

  adopt(region: LinuxRegion): void {
    this.#regions.add(region)
  }

  disown(region: LinuxRegion): void {
    this.#regions.remove(region)
  }

  /** Reports a change of protection of a part of a region. */
  protected(start: number, length: number, protection: number): void {
    this.#thread.tell({ type: 'protect', id: 0, start, length, protection })
  }

  /** Lets the pager change the protection of a part of a region. */
  protect(start: number, length: number, protection: number): void {
    this.#checkOpen('mprotect')
    this.#thread.askNow('mprotect', { type: 'protect', start, length, protection })
  }

  unmapped(start: number, length: number): void {
    this.#failures.forget(start, length)
    this.#thread.tell({ type: 'unmap', start, length })
    if (this.#lifetime.isClosed && this.#regions.all().length === 0) this.#source.close()
  }

  /** Resizes in place: an area of a device never moves. */
  resized(region: LinuxRegion, oldLength: number): void {
    if (this.state !== 'serving') return
    const question = { type: 'resize', start: Number(region.start), oldLength, length: region.length } as const
    this.#thread.askNow('mremap', question)
  }

  /** Reports that the private region is about to become writable. */
  expectCopies(region: LinuxRegion): void {
    if (this.#options.residentLimit === Infinity || this.state !== 'serving') return
    const question = { type: 'expectCopies', start: Number(region.start), length: region.length } as const
    this.#thread.askNow('mprotect', question)
  }

  /** Removes the poison of failed pages in the range: a later touch requests them from the driver again. */
  heal(start: number, length: number): void {
    this.#failures.heal(start, length)
  }

  // ---- the thread ----

  #start(signal: AbortSignal | undefined): Promise<void> {
    this.#order = undefined
    this.#isOrderAsked = false
    const { driver, timeout, run, residentLimit } = this.#options
    const options = { driver, timeout, run, residentLimit }
    const [file, pages, written, source] = [this.#file, this.#pages, this.#written, this.#source.give()]
    const data = { driver: this.#driver, options, file, pages, written, source }
    return this.#thread.start(data satisfies Omit<PagerThreadData, keyof ServingThreadData>, signal)
  }

  #layOut(region: LinuxRegion, { offset, flags, protection, copies }: Layout): bigint {
    const { length } = region
    const start = Number(region.start)
    const question = { type: 'map', start, length, offset, protection, flags, copies } as const
    const answer = this.#thread.askNow('mmap', question) as MapAnswer
    // Dropping a page would lose writes to it.
    const readOnly = this.#options.residentLimit !== Infinity && !this.writesBack && (flags & MAP.SHARED) !== 0
    const cleared = answer.cleared | (readOnly ? VM.MAYWRITE : 0n)
    region.holdFlags(0, length, answer.set, cleared)
    return cleared
  }

  async #close(): Promise<void> {
    try {
      // A restart uses the files until it ends.
      await this.#lifetime.restarted()
      const failure = await this.#flushed()
      await this.#thread.close()
      const bytes = this.#thread.state.counters.read().bytesUnwritten
      if (bytes > 0) throw unwrittenError(bytes, failure ?? this.#thread.cause)
    } finally {
      this.#release()
    }
  }

  /** Each write-back has its own time limit, so that this ends. */
  async #flushed(): Promise<unknown> {
    if (!this.writesBack || !this.#thread.serves) return undefined
    const all = { type: 'flush', offset: 0, length: Number.MAX_SAFE_INTEGER } as const
    return await this.#thread.ask('msync', all).catch((error) => error)
  }

  #release(): void {
    this.#kernel.files.close(this.#file)
    this.#kernel.files.close(this.#pages)
    this.#kernel.files.close(this.#written)
    if (this.#regions.all().length === 0) this.#source.close()
  }

  #checkOpen(syscall: string): void {
    if (this.#lifetime.isClosed) throw closedError(syscall)
  }
}
