import type { RawSwap } from '../../kernel/swap/raw-swap.js'
import type { SwapCommand, SwapState } from '../../kernel/swap/swap-state.js'
import type { SwapStatistics } from '../../kernel/swap/swap-statistics.js'
import type { RawSwapOptions, SwapPart } from '../../kernel/swap/swaps.js'
import { unlessAborted } from '../../kernel/unless-aborted.js'
import { mappedElsewhere } from '../../paging/swap/mapped-elsewhere.js'
import { PageMap } from '../../paging/swap/page-map.js'
import { SwapEngine } from '../../paging/swap/swap-engine.js'
import { SwapKeeper } from '../../paging/swap/swap-keeper.js'
import { SwapRecord } from '../../paging/swap/swap-record.js'
import { openPageStore } from '../../stores/open-page-store.js'
import type { PageStore } from '../../stores/page-store.js'
import type { PageStoreDefinition } from '../../stores/page-store-definition.js'
import { MADV } from '../../vocabulary/madv.js'
import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import { UFFD_MODE } from '../../vocabulary/uffd-mode.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { Mm } from '../structs/mm.js'
import { ModelSwapMemory } from '../swap/model-swap-memory.js'
import { SwapUffd } from '../swap/swap-uffd.js'
import { uffdClose } from '../userfaultfd/uffd-close.js'
import { uffdRegister } from '../userfaultfd/uffd-register.js'
import type { ModelSystemCalls } from './model-system-calls.js'

/** A swap of a modelled process. It works in the access that faults, and in microtasks: the same calls do the same. */
export class ModelSwap implements RawSwap {
  readonly source = 'model'
  readonly #calls: ModelSystemCalls
  readonly #store: PageStore
  readonly #record: SwapRecord
  readonly #engine: SwapEngine
  readonly #uffd: SwapUffd
  readonly #keeper: SwapKeeper
  readonly #failureListeners: ((error: Error | undefined) => void)[] = []
  readonly #endListeners: (() => void)[] = []
  #works = false
  #exit: Promise<void> | undefined
  #hasEnded = false

  static async open(
    mm: Mm,
    calls: ModelSystemCalls,
    parts: readonly SwapPart[],
    options: RawSwapOptions,
  ): Promise<ModelSwap> {
    checkMappedOnce(mm, parts)
    const { module, options: storeOptions } = options.store
    const described =
      typeof module === 'string' ? { module, options: storeOptions } : (module as PageStoreDefinition<never>)
    const opening = openPageStore(described, { pageSize: mm.pageSize }, storeOptions)
    const store = await unlessAborted(opening, options.signal)
    try {
      return new ModelSwap(mm, calls, parts, options, store)
    } catch (error) {
      await store.close()
      throw error
    }
  }

  private constructor(
    mm: Mm,
    calls: ModelSystemCalls,
    parts: readonly SwapPart[],
    options: RawSwapOptions,
    store: PageStore,
  ) {
    this.#calls = calls
    this.#store = store
    let page = 0
    const ranges = parts.map(({ region, offset, length }) => {
      const range = { start: Number(region.start) + offset, page, count: length / mm.pageSize }
      page += range.count
      return range
    })
    const map = new PageMap(ranges, mm.pageSize)
    const memory = new ModelSwapMemory(mm, map)
    this.#record = new SwapRecord(page)
    this.#engine = new SwapEngine({
      ...options,
      memory,
      record: this.#record,
      store,
      host: {
        now: () => performance.now(),
        later: (milliseconds, act) => {
          const timer = setTimeout(() => {
            if (!this.#hasEnded) act()
          }, milliseconds)
          return () => clearTimeout(timer)
        },
        ready: () => this.#schedule(),
        failure: (error) => {
          for (const listener of this.#failureListeners) listener(error)
        },
        lost: () => {},
        recovered: () => {},
      },
    })
    this.#uffd = new SwapUffd(mm, this.#engine, map)
    memory.uffd = this.#uffd
    for (const { start, count } of ranges) {
      const refused = uffdRegister(this.#uffd, start, count * mm.pageSize, UFFD_MODE.MISSING)
      if (refused === 0) continue
      uffdClose(this.#uffd, 'zero')
      throw new VmError(refused, 'UFFDIO_REGISTER', { address: BigInt(start), length: count * mm.pageSize })
    }
    this.#keeper = new SwapKeeper({
      explain: (fault) => {
        if (fault.reason !== 'poisoned') return fault
        const cause = this.#engine.cause(map.pageAt(Number(fault.address)))
        return cause === undefined ? fault : { ...fault, reason: 'swap', cause }
      },
      restored: () => this.#restore(),
    })
    for (const { region, offset, length, file } of parts) {
      this.#keeper.attach(region, file !== undefined)
      calls.madvise(region.start + BigInt(offset), length, MADV.DONTFORK)
    }
    for (let at = 0; at < page; at++) if (memory.isPresent(at)) this.#engine.adopt(at, 1)
  }

  get state(): SwapState {
    return this.#record.state
  }

  get residentLimit(): number {
    return this.#record.residentLimit
  }

  get statistics(): SwapStatistics {
    return this.#record.statistics
  }

  get transition(): RawSwap['transition'] {
    return this.#record.transition
  }

  get failure(): Error | undefined {
    return this.#engine.failure
  }

  get service(): 'serving' | 'ended' {
    return this.#hasEnded ? 'ended' : 'serving'
  }

  evictionOrder(): EvictionOrder | undefined {
    return this.#hasEnded ? undefined : this.#record.evictionOrder
  }

  async command(command: SwapCommand): Promise<void> {
    this.#checkOpen()
    await this.#engine.command(command)
  }

  async setResidentLimit(bytes: number): Promise<void> {
    this.#checkOpen()
    this.#engine.setResidentLimit(bytes)
  }

  async restore(): Promise<void> {
    this.#checkOpen()
    this.#restore()
  }

  /** Its thread is the program's, and can't end alone. */
  async restart(): Promise<void> {
    this.#checkOpen()
  }

  exit(): Promise<void> {
    this.#exit ??= this.#end()
    return this.#exit
  }

  onFailure(listener: (error: Error | undefined) => void): void {
    this.#failureListeners.push(listener)
  }

  onDeath(): void {}

  onEnd(listener: () => void): void {
    this.#endListeners.push(listener)
  }

  /** The process has ended: nothing is brought back. */
  abandon(): void {
    this.#hasEnded = true
    void Promise.resolve(this.#store.close()).catch(() => {})
  }

  async #end(): Promise<void> {
    try {
      await this.#engine.command('disable')
    } finally {
      this.#hasEnded = true
      for (const region of this.#keeper.regions) {
        if (region.keeper === this.#keeper) this.#calls.madvise(region.start, region.length, MADV.DOFORK)
      }
      this.#keeper.detach()
      uffdClose(this.#uffd, 'zero')
      await this.#store.close()
      for (const listener of this.#endListeners) listener()
    }
  }

  #restore(): void {
    for (const page of this.#engine.poisoned()) this.#engine.restore(page)
  }

  #checkOpen(): void {
    if (this.#exit === undefined && !this.#hasEnded) return
    throw new UsageError('ERR_VMAREA_SWAP_ENDED', 'the swap has ended: open another one with openSwap()')
  }

  #schedule(): void {
    if (this.#works || this.#hasEnded) return
    this.#works = true
    queueMicrotask(() => this.#work())
  }

  #work(): void {
    this.#works = false
    if (!this.#hasEnded && this.#engine.work()) this.#schedule()
  }
}

/** Throws where the file of a part is mapped elsewhere in the process. */
function checkMappedOnce(mm: Mm, parts: readonly SwapPart[]): void {
  for (const { region, file } of parts) {
    if (file === undefined) continue
    const isPart = (address: number) =>
      parts.some(({ region: { start, length } }) => address >= start && address < start + BigInt(length))
    const vmas = [...mm.tree.lookup(Number(region.start))!.file!.inode.mappings].filter((vma) => vma.mm === mm)
    for (const vma of vmas) {
      const end = vma.pgoff + (vma.end - vma.start) / mm.pageSize
      const twice = vmas.find(
        (other) =>
          other !== vma && other.pgoff < end && vma.pgoff < other.pgoff + (other.end - other.start) / mm.pageSize,
      )
      if (!isPart(vma.start) || twice !== undefined) throw mappedElsewhere(region.start, BigInt((twice ?? vma).start))
    }
  }
}
