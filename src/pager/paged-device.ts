import { closeSync, openSync } from 'node:fs'
import type { DeviceStatistics } from '../kernel/device-statistics.js'
import type { FaultSourceName, RawDeviceOptions } from '../kernel/devices.js'
import type { FaultRecord } from '../kernel/fault-record.js'
import type { RawDevice } from '../kernel/raw-device.js'
import type { LinuxKernel } from '../linux/linux-kernel.js'
import { MADV } from '../vocabulary/madv.js'
import { MAP } from '../vocabulary/map.js'
import { PROT } from '../vocabulary/prot.js'
import { VM } from '../vocabulary/vm.js'
import { VmError } from '../vocabulary/vm-error.js'
import { OpenedFaultSource } from './opened-fault-source.js'
import { PagedRegion } from './paged-region.js'
import { PagerConnection } from './pager-connection.js'
import type { MapAnswer, PagerMessage } from './pager-request.js'
import { COUNTER, PagerState } from './pager-state.js'
import { unpackError } from './unpack-error.js'

/** How much longer than `timeout` the thread may take before it counts as dead, in milliseconds: it ends waits itself when it can. */
const GRACE = 500
/** How many pages that failed are remembered with their cause. */
const MOST_FAILURES = 4096

/** A device on the running kernel, on the program's side: its files, its maps, and the line to the thread that serves it. */
export class PagedDevice implements RawDevice {
  readonly #kernel: LinuxKernel
  readonly #driver: string
  readonly #options: RawDeviceOptions
  readonly #source: OpenedFaultSource
  readonly #file: number
  #pages: number
  #state = new PagerState()
  #connection: PagerConnection | undefined
  #size = 0
  #closed: Promise<void> | undefined
  #cause: Error | undefined
  /** A fault has told that nobody serves, before the thread's end did. */
  #unserved = false
  readonly #regions = new Set<WeakRef<PagedRegion>>()
  readonly #listeners: ((cause: Error) => void)[] = []
  /**
   * Why pages failed, by their address, the oldest first. They stay poisoned until somebody has been told, and the cause stays known for
   * those who had waited as well.
   */
  readonly #failures = new Map<number, { readonly cause: unknown; poisoned: boolean }>()

  /** Opens a device. Rejects where the driver can't be had, and leaves nothing behind then. */
  static async open(kernel: LinuxKernel, driver: string, options: RawDeviceOptions): Promise<PagedDevice> {
    options.signal?.throwIfAborted()
    const source = OpenedFaultSource.open(kernel, options.source, options.timeout + GRACE)
    const device = new PagedDevice(kernel, driver, options, source)
    try {
      await device.#start()
    } catch (error) {
      device.#release()
      throw error
    }
    options.signal?.addEventListener('abort', () => void device.close().catch(() => {}), { once: true })
    return device
  }

  private constructor(kernel: LinuxKernel, driver: string, options: RawDeviceOptions, source: OpenedFaultSource) {
    this.#kernel = kernel
    this.#driver = driver
    this.#options = options
    this.#source = source
    this.#file = kernel.files.memfdCreate('vmarea-device', { sealable: false })
    this.#pages = kernel.files.memfdCreate('vmarea-pages', { sealable: false })
  }

  get size(): number {
    return this.#size
  }

  get source(): FaultSourceName {
    return this.#source.name
  }

  get state(): 'serving' | 'dead' | 'closed' {
    if (this.#closed !== undefined) return 'closed'
    return !this.#unserved && this.#connection?.lives && !this.#hangs() ? 'serving' : 'dead'
  }

  get statistics(): DeviceStatistics {
    const { counters, latency } = this.#state
    return {
      faults: counters[COUNTER.FAULTS]!,
      fills: counters[COUNTER.FILLS]!,
      bytesFilled: counters[COUNTER.BYTES_FILLED]!,
      failures: counters[COUNTER.FAILURES]!,
      timeouts: counters[COUNTER.TIMEOUTS]!,
      waiting: counters[COUNTER.WAITING]!,
      bytesResident: this.#closed === undefined ? this.#kernel.files.bytesInMemory(this.#file) : 0,
      bytesDropped: counters[COUNTER.BYTES_DROPPED]!,
      latency: [...latency],
    }
  }

  map(address: bigint, length: number, protection: number, flags: number, offset: number): PagedRegion {
    const connection = this.#serving('mmap')
    const { regions, pageSize } = this.#kernel
    const asked = (flags & ~(MAP.POPULATE | MAP.LOCKED)) | MAP.NORESERVE
    const shared = (flags & MAP.SHARED) !== 0
    // Of a private map nothing must reach the device, by whatever way: it is one of a file that can only be read.
    const file = shared ? this.#file : openSync(`/proc/self/fd/${this.#file}`, 'r')
    let region: PagedRegion
    try {
      region = regions.mapRegionAs(PagedRegion, address, length, PROT.NONE, asked, file, offset, pageSize)
    } finally {
      if (!shared) closeSync(file)
    }
    try {
      const cleared = this.#layOut(connection, region, { offset, flags }, protection)
      if (this.source !== 'guard') region.protect(0, region.length, protection, PROT.NONE)
      region.attach({ device: this, offset, flags, cleared }, protection)
    } catch (error) {
      region.unmap()
      throw error
    }
    this.adopt(region)
    return region
  }

  async fill(offset: number, length: number, signal?: AbortSignal): Promise<void> {
    const { residentLimit } = this.#options
    if (length > residentLimit) {
      throw new VmError('ENOMEM', 'fault', {
        length,
        hint: `no more than residentLimit, ${residentLimit} bytes, may be in memory`,
      })
    }
    await this.#serving('fault').ask({ type: 'fill', offset, length }, signal)
  }

  async invalidate(offset: number, length: number): Promise<void> {
    await this.#serving('fallocate').ask({ type: 'invalidate', offset, length })
  }

  explain(fault: FaultRecord): FaultRecord {
    // Poison that has been told and taken away, before who had met it as well could look, seems to be the end of the file.
    const late = fault.reason === 'past-end-of-file'
    if (fault.reason !== 'poisoned' && fault.reason !== 'driver' && !late) return fault
    const page = Number(fault.address) - (Number(fault.address) % this.#kernel.pageSize)
    this.#connection?.drain()
    for (const { address, reason } of this.#source.takeFailed()) {
      this.#unserved ||= reason === 'no-server'
      if (!this.#failures.get(Number(address))?.poisoned) this.#remember(Number(address), this.#why(reason))
    }
    const failure = this.#failures.get(page)
    if (late && failure === undefined) return fault
    // A page that was covered comes back poisoned with restore(), which heals it then.
    const covered = this.#kernel.regions.regionAt(fault.address)?.fault !== undefined
    if (failure !== undefined && !covered) this.#heal(page, failure)
    if (fault.unanswered !== undefined) {
      this.#unserved ||= fault.unanswered === 'no-server'
      return { ...fault, cause: this.#why(fault.unanswered) }
    }
    if (failure === undefined) {
      if (fault.reason !== 'driver') return fault
      return { ...fault, cause: this.#why(this.state === 'serving' ? 'timeout' : 'no-server') }
    }
    const { cause } = failure
    return { ...fault, reason: 'driver', ...(cause === undefined ? {} : { cause }) }
  }

  async restart(): Promise<void> {
    if (this.#closed !== undefined) throw closedError('open')
    const connection = this.#connection
    this.#connection = undefined
    await connection?.terminate()
    for (const { offset, length } of this.#state.inFlight()) this.#kernel.files.punchHole(this.#file, offset, length)
    const { files } = this.#kernel
    const pages = this.#pages
    this.#pages = files.memfdCreate('vmarea-pages', { sealable: false })
    files.close(pages)
    await this.#start()
    for (const region of this.#standing()) {
      this.#layOut(this.#connection!, region, region.part!, region.protection)
    }
    this.#source.takeFailed().forEach(({ address }) => {
      this.#remember(Number(address), undefined)
    })
    this.heal(0, Infinity)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  onDeath(listener: (cause: Error) => void): void {
    this.#listeners.push(listener)
  }

  // ---- what its regions tell ----

  adopt(region: PagedRegion): void {
    for (const known of this.#regions) if (known.deref() === undefined) this.#regions.delete(known)
    this.#regions.add(new WeakRef(region))
  }

  disown(region: PagedRegion): void {
    for (const known of this.#regions) if (known.deref() === region) this.#regions.delete(known)
  }

  /** What the program may do in a part of a region has changed. */
  protected(start: number, length: number, protection: number): void {
    this.#connection?.tell({ type: 'protect', id: 0, start, length, protection })
  }

  /** Has the pager change what the program may do in a part of a region. */
  protect(start: number, length: number, protection: number): void {
    this.#serving('mprotect').askNow({ type: 'protect', start, length, protection }, this.#options.timeout + GRACE)
  }

  unmapped(start: number, length: number): void {
    for (const address of this.#failures.keys()) {
      if (address >= start && address < start + length) this.#failures.delete(address)
    }
    this.#connection?.tell({ type: 'unmap', start, length })
    if (this.#closed !== undefined && this.#standing().length === 0) this.#source.close()
  }

  moved(region: PagedRegion, from: number, oldLength: number): void {
    if (this.state !== 'serving') return
    const question = { type: 'move', from, oldLength, to: Number(region.start), length: region.length } as const
    this.#connection!.askNow(question, this.#options.timeout + GRACE)
  }

  /** The private region is about to become writable. */
  expectCopies(region: PagedRegion): void {
    if (this.#options.residentLimit === Infinity || this.state !== 'serving') return
    this.#connection!.askNow(
      { type: 'expectCopies', start: Number(region.start), length: region.length },
      this.#options.timeout + GRACE,
    )
  }

  /** Takes the poison of what failed in the range away: a later touch asks the driver again. */
  heal(start: number, length: number): void {
    for (const [address, failure] of this.#failures) {
      if (address >= start && address < start + length) this.#heal(address, failure)
    }
  }

  #heal(address: number, failure: { poisoned: boolean }): void {
    if (!failure.poisoned) return
    failure.poisoned = false
    const { pageSize, calls, regions } = this.#kernel
    // Nobody else's memory may be meant: the region could have gone.
    const region = regions.regionAt(BigInt(address))
    if (this.source === 'guard' || !(region instanceof PagedRegion) || region.part?.device !== this) return
    calls.madvise(BigInt(address), pageSize, MADV.DONTNEED)
  }

  // ---- the thread ----

  async #start(): Promise<void> {
    const state = new PagerState()
    state.counters.set(this.#state.counters)
    state.latency.set(this.#state.latency)
    state.counters[COUNTER.WAITING] = 0
    state.counters[COUNTER.BUSY_SINCE] = 0
    const { driver, timeout, run, residentLimit, signal } = this.#options
    const connection = await PagerConnection.start(
      {
        driver: this.#driver,
        options: { driver, timeout, run, residentLimit },
        file: this.#file,
        pages: this.#pages,
        source: this.#source.give(),
        deadline: timeout + GRACE,
      },
      state,
      {
        failure: (message) => this.#failed(message),
        end: (cause) => this.#died(cause),
        silence: () => {
          this.#unserved = true
        },
      },
      signal,
    )
    this.#state = state
    this.#unserved = false
    this.#cause = undefined
    this.#size = connection.size
    this.#connection = connection
  }

  #layOut(
    connection: PagerConnection,
    region: PagedRegion,
    { offset, flags }: { offset: number; flags: number },
    protection: number,
  ): bigint {
    const { length } = region
    const copies = region.copies || ((flags & MAP.SHARED) === 0 && (protection & PROT.WRITE) !== 0)
    const start = Number(region.start)
    const question = { type: 'map', start, length, offset, protection, flags, copies } as const
    const answer = connection.askNow(question, this.#options.timeout + GRACE) as MapAnswer
    const { set } = answer
    // What is dropped would take writes with it.
    const readOnly = this.#options.residentLimit !== Infinity && (flags & MAP.SHARED) !== 0
    const cleared = answer.cleared | (readOnly ? VM.MAYWRITE : 0n)
    region.holdFlags(0, length, set, cleared)
    return cleared
  }

  async #close(): Promise<void> {
    const connection = this.#connection
    try {
      if (connection?.lives && !this.#hangs()) {
        await connection.ask(
          { type: 'close' },
          AbortSignal.timeout(Math.min(this.#options.timeout + GRACE, 2 ** 32 - 1)),
        )
      }
    } finally {
      await connection?.terminate()
      this.#release()
    }
  }

  #release(): void {
    this.#kernel.files.close(this.#file)
    this.#kernel.files.close(this.#pages)
    if (this.#standing().length === 0) this.#source.close()
  }

  #serving(syscall: string): PagerConnection {
    if (this.#closed !== undefined) throw closedError(syscall)
    const connection = this.#connection
    if (connection?.lives && !this.#unserved && !this.#hangs()) return connection
    throw new VmError('EIO', syscall, {
      hint: "the driver's thread has ended, or does nothing that is asked of it: restart() the device",
      ...(this.#cause === undefined ? {} : { cause: this.#cause }),
    })
  }

  /** A hook has kept the thread for longer than anybody waits. */
  #hangs(): boolean {
    const since = this.#state.counters[COUNTER.BUSY_SINCE]!
    return since > 0 && Date.now() - since > this.#options.timeout + GRACE
  }

  #failed({ address, error }: Extract<PagerMessage, { type: 'failure' }>): void {
    this.#remember(address, error === undefined ? undefined : unpackError(error))
  }

  #remember(address: number, cause: unknown): void {
    this.#failures.delete(address)
    this.#failures.set(address, { cause, poisoned: true })
    if (this.#failures.size > MOST_FAILURES) this.#failures.delete(this.#failures.keys().next().value!)
  }

  #why(reason: 'timeout' | 'no-server'): Error {
    if (this.#closed !== undefined) return closedError('fault')
    if (reason === 'no-server') return this.#cause ?? unservedError()
    return new VmError('ETIMEDOUT', 'fault', {
      hint: `the driver did not answer within ${this.#options.timeout} ms, and its thread does nothing else`,
    })
  }

  #died(cause: Error): void {
    this.#cause = cause
    for (const listener of this.#listeners) listener(cause)
  }

  #standing(): PagedRegion[] {
    const standing: PagedRegion[] = []
    for (const known of this.#regions) {
      const region = known.deref()
      if (region?.part !== undefined) standing.push(region)
      else this.#regions.delete(known)
    }
    return standing
  }
}

function unservedError(): VmError {
  return new VmError('EIO', 'fault', { hint: "the driver's thread has ended, or does nothing that is asked of it" })
}

function closedError(syscall: string): VmError {
  return new VmError('ENODEV', syscall, { hint: 'the device was closed' })
}
