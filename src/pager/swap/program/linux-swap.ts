import type { RawSwap } from '../../../kernel/swap/raw-swap.js'
import type { SwapCommand, SwapState } from '../../../kernel/swap/swap-state.js'
import type { SwapStatistics } from '../../../kernel/swap/swap-statistics.js'
import type { RawSwapOptions, SwapPart } from '../../../kernel/swap/swaps.js'
import type { LinuxKernel } from '../../../linux/linux-kernel.js'
import type { LinuxRegion } from '../../../linux/regions/linux-region.js'
import { ListeningSocket } from '../../../linux/sockets/listening-socket.js'
import { SwapKeeper } from '../../../paging/swap/swap-keeper.js'
import type { SwapRange } from '../../../paging/swap/swap-range.js'
import { SwapRecord } from '../../../paging/swap/swap-record.js'
import type { FaultSourceName } from '../../../vocabulary/fault-source-name.js'
import { MADV } from '../../../vocabulary/madv.js'
import { MAP } from '../../../vocabulary/map.js'
import { PROT } from '../../../vocabulary/prot.js'
import type { EvictionOrder } from '../../../vocabulary/reports/eviction-order.js'
import { UsageError } from '../../../vocabulary/usage-error.js'
import type { OpenedFaultSource } from '../../source/opened-fault-source.js'
import type { Question } from '../../thread/pager-connection.js'
import { ServingThread } from '../../thread/serving-thread.js'
import type { ServingThreadData } from '../../thread/serving-thread-data.js'
import type { ThreadProgram } from '../../thread/thread-program.js'
import { unpackError } from '../../thread/unpack-error.js'
import type { Discarded, ProtectedRange, SwapThreadData, Unmapped } from '../swap-thread-data.js'
import type { SwapWay } from '../swap-way.js'
import { checkMemoryFiles } from './check-memory-files.js'
import { type OpenedSwapSource, openSwapSource } from './open-swap-source.js'
import { SwapFaults } from './swap-faults.js'
import { TwinMaps } from './twin-maps.js'

const PROGRAM: ThreadProgram = {
  entry: () => new URL('../server/swap-thread.js', import.meta.url),
  name: 'vmarea swap',
  owner: "the swap's",
  module: "the page store's module",
  setup: "the page store's function",
  advice: 'restart() the swap',
}

/** The permissions of the control socket. */
const CONTROL_MODE = 0o600

/** How long the thread may take beyond the store's time limit before it counts as dead, in milliseconds. */
const GRACE = 500

/** A swap on the running kernel, on the program's side: the staging memory, and the connection to the thread that serves. */
export class LinuxSwap implements RawSwap {
  readonly #kernel: LinuxKernel
  readonly #options: RawSwapOptions
  readonly #source: OpenedFaultSource
  readonly #way: SwapWay
  readonly #thread: ServingThread
  readonly #faults: SwapFaults
  readonly #keeper: SwapKeeper
  readonly #ranges: readonly SwapRange[]
  readonly #twins: TwinMaps
  /** The guard leaves pages in place. */
  readonly #staging: LinuxRegion | undefined
  readonly #slots: SharedArrayBuffer
  readonly #record: SwapRecord
  readonly #control: ListeningSocket | undefined
  readonly #failureListeners: ((error: Error | undefined) => void)[] = []
  readonly #deathListeners: ((cause: Error) => void)[] = []
  /** What the program has dropped while no thread served. */
  readonly #discarded: Discarded[] = []
  #protections: ProtectedRange[] = []
  readonly #unmapped: Unmapped[] = []
  #failure: Error | undefined
  #exit: Promise<void> | undefined
  #restarting: Promise<void> | undefined
  #hasEnded = false

  static async open(kernel: LinuxKernel, parts: readonly SwapPart[], options: RawSwapOptions): Promise<LinuxSwap> {
    options.signal?.throwIfAborted()
    TwinMaps.checkMappedOnce(kernel, parts)
    const opened = openSwapSource(kernel.userfaultfds, {
      name: options.source,
      files: parts.some(({ file }) => file !== undefined),
      deadline: deadlineOf(options),
    })
    let swap: LinuxSwap
    let control: ListeningSocket | undefined
    try {
      if (opened.way === 'guard') checkMemoryFiles(kernel, parts)
      control = options.control === undefined ? undefined : new ListeningSocket(options.control, CONTROL_MODE)
      swap = new LinuxSwap(kernel, parts, options, opened, control)
    } catch (error) {
      control?.close()
      opened.source.close()
      throw error
    }
    try {
      await swap.#start(options.signal, false)
    } catch (error) {
      await swap.#release()
      throw error
    }
    return swap
  }

  private constructor(
    kernel: LinuxKernel,
    parts: readonly SwapPart[],
    options: RawSwapOptions,
    { source, way }: OpenedSwapSource,
    control: ListeningSocket | undefined,
  ) {
    const { pageSize, regions, calls } = kernel
    this.#kernel = kernel
    this.#options = options
    this.#source = source
    this.#way = way
    this.#control = control
    this.#twins = new TwinMaps(kernel)
    this.#ranges = rangesOf(parts, this.#twins, pageSize)
    const pages = parts.reduce((sum, { length }) => sum + length / pageSize, 0)
    this.#record = new SwapRecord(pages, undefined, true)
    this.#record.residentLimit = options.residentLimit
    this.#slots = new SharedArrayBuffer(way === 'guard' ? 0 : pages * 4)
    if (way !== 'guard') {
      const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.NORESERVE
      this.#staging = regions.mapRegion(0n, pages * pageSize, PROT.READ | PROT.WRITE, flags, -1, 0, pageSize)
      calls.madvise(this.#staging.start, this.#staging.length, MADV.DONTFORK)
      // A huge page can't move whole where only some of its pages are staged.
      calls.madvise(this.#staging.start, this.#staging.length, MADV.NOHUGEPAGE)
    }
    this.#thread = new ServingThread({
      program: PROGRAM,
      deadline: deadlineOf(options),
      failure: ({ address, error }) => {
        if (error === undefined) this.#faults.delete(address)
        else this.#faults.add(address, unpackError(error))
      },
      eviction: (error) => {
        this.#failure = error
        for (const listener of this.#failureListeners) listener(error)
      },
      death: (cause) => {
        for (const listener of this.#deathListeners) listener(cause)
      },
    })
    this.#faults = new SwapFaults(source, this.#thread, pageSize)
    this.#keeper = new SwapKeeper({
      explain: (fault) => this.#faults.explain(fault),
      // The serving thread learns of it from an event where pages move.
      ...(way === 'move' ? {} : { discard: (...range) => this.#discard(...range) }),
      unmapped: (start, length) => this.#forget(start, length),
      ...(way === 'guard' ? { protected: (range: ProtectedRange) => this.#protected(range) } : {}),
      restored: (start, end) => void this.#restore(start, end).catch(() => {}),
    })
    for (const { region, offset, length, file } of parts) {
      this.#keeper.attach(region, file !== undefined)
      if (way === 'guard') {
        const { executable } = kernel.addressSpace.lookup(region.start + BigInt(offset))!
        const protection = PROT.READ | PROT.WRITE | (executable ? PROT.EXEC : 0)
        this.#protected({ start: Number(region.start) + offset, length, protection })
      }
      calls.madvise(region.start + BigInt(offset), length, MADV.DONTFORK)
    }
  }

  get source(): FaultSourceName {
    return this.#source.name
  }

  get state(): SwapState {
    return this.#record.state
  }

  get statistics(): SwapStatistics {
    return this.#record.statistics
  }

  evictionOrder(): EvictionOrder | undefined {
    return this.#hasEnded ? undefined : this.#record.evictionOrder
  }

  get residentLimit(): number {
    return this.#record.residentLimit
  }

  get transition(): { readonly pages: number; readonly milliseconds: number } {
    return this.#record.transition
  }

  get failure(): Error | undefined {
    return this.#failure
  }

  get service(): 'serving' | 'dead' | 'ended' {
    if (this.#hasEnded) return 'ended'
    return this.#thread.serves ? 'serving' : 'dead'
  }

  async command(command: SwapCommand): Promise<void> {
    await this.#ask({ type: 'command', command })
  }

  async setResidentLimit(bytes: number): Promise<void> {
    await this.#ask({ type: 'setResidentLimit', bytes })
  }

  async restore(): Promise<void> {
    await this.#restore(0, Number.POSITIVE_INFINITY)
  }

  exit(): Promise<void> {
    this.#exit ??= this.#end()
    return this.#exit
  }

  restart(): Promise<void> {
    this.#restarting ??= this.#startAgain().finally(() => {
      this.#restarting = undefined
    })
    return this.#restarting
  }

  onFailure(listener: (error: Error | undefined) => void): void {
    this.#failureListeners.push(listener)
  }

  onDeath(listener: (cause: Error) => void): void {
    this.#deathListeners.push(listener)
  }

  // The serving thread drops the pages, so that it changes none of them meanwhile.
  #discard(start: number, length: number, advice: number, apply: () => void): void {
    try {
      this.#thread.askNow('madvise', { type: 'discard', start, length, advice })
    } catch (error) {
      if (this.#thread.serves) throw error
      apply()
      this.#discarded.push({ start, length, advice })
    }
  }

  #forget(start: number, length: number): void {
    this.#unmapped.push({ start, length })
    // A userfaultfd has reported it.
    if (this.#way === 'guard') this.#thread.tell({ type: 'unmap', start, length })
  }

  #protected(range: ProtectedRange): void {
    const end = range.start + range.length
    const isWithin = ({ start, length }: ProtectedRange) => start >= range.start && start + length <= end
    this.#protections = [...this.#protections.filter((earlier) => !isWithin(earlier)), range]
  }

  async #ask(question: Question): Promise<unknown> {
    if (this.#exit !== undefined) throw ended()
    return this.#thread.ask('swap', question)
  }

  async #restore(start: number, end: number): Promise<void> {
    await this.#ask({ type: 'restore', addresses: this.#faults.within(start, end) })
  }

  async #startAgain(): Promise<void> {
    if (this.#exit !== undefined) throw ended()
    if (this.#thread.serves) return
    await this.#thread.leave()
    await this.#start(undefined, true)
    this.#source.wakeUnanswered(this.#kernel.pageSize)
    await this.restore()
  }

  async #start(signal: AbortSignal | undefined, continues: boolean): Promise<void> {
    const { store, timeout, lowWater, highWater, control } = this.#options
    const data = {
      ranges: this.#ranges,
      staging: Number(this.#staging?.start ?? -1n),
      slots: this.#slots,
      source: this.#source.give(),
      way: this.#way,
      store: { module: store.module as string, options: store.options },
      options: { timeout, residentLimit: this.residentLimit, lowWater, highWater },
      control: this.#control === undefined ? undefined : { listener: this.#control.descriptor, path: control! },
      record: this.#record.memory as SharedArrayBuffer,
      continues,
      discarded: this.#discarded.splice(0),
      protections: this.#protections,
      unmapped: this.#unmapped,
    }
    await this.#thread.start(data satisfies Omit<SwapThreadData, keyof ServingThreadData>, signal)
  }

  // Pages that could not be read stay poisoned. The swap has ended in every other way.
  async #end(): Promise<void> {
    let failure: unknown
    try {
      await this.#restarting
      // Staged pages would be lost with the swap: another thread brings them back first.
      if (!this.#thread.serves) {
        await this.#thread.leave()
        await this.#start(undefined, true)
        this.#source.wakeUnanswered(this.#kernel.pageSize)
      }
      await this.#thread.ask('swap', { type: 'exit' })
    } catch (error) {
      failure = error
    }
    await this.#release()
    if (failure !== undefined) throw failure
  }

  async #release(): Promise<void> {
    const { calls } = this.#kernel
    await this.#thread.close()
    this.#control?.close()
    this.#hasEnded = true
    for (const region of this.#keeper.regions) {
      if (region.keeper === this.#keeper) calls.madvise(region.start, region.length, MADV.DOFORK)
    }
    this.#keeper.detach()
    this.#source.close()
    this.#staging?.unmap()
    this.#twins.close()
  }
}

function ended(): UsageError {
  return new UsageError('ERR_VMAREA_SWAP_ENDED', 'the swap has ended: open another one with openSwap()')
}

function rangesOf(parts: readonly SwapPart[], twins: TwinMaps, pageSize: number): SwapRange[] {
  let page = 0
  return parts.map((part) => {
    const start = Number(part.region.start) + part.offset
    const twin = twins.add(part)
    const range = { start, page, count: part.length / pageSize, ...(twin === undefined ? {} : { twin }) }
    page += range.count
    return range
  })
}

/** How long a fault may wait, in milliseconds: for room, and then for the store. */
function deadlineOf({ timeout }: RawSwapOptions): number {
  return timeout * 2 + GRACE
}
