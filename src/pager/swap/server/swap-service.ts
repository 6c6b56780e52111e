import type { SwapCommand } from '../../../kernel/swap/swap-state.js'
import { now } from '../../../paging/now.js'
import { PageMap } from '../../../paging/swap/page-map.js'
import { SwapEngine } from '../../../paging/swap/swap-engine.js'
import type { SwapRecord } from '../../../paging/swap/swap-record.js'
import type { PageStore } from '../../../stores/page-store.js'
import type { UffdMessages } from '../../../userfaultfd/uffd-messages.js'
import { UFFD_EVENT_CODE } from '../../../vocabulary/uffd-event-code.js'
import { FaultLoop } from '../../source/fault-loop.js'
import { packError } from '../../thread/pack-error.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage } from '../../thread/pager-request.js'
import type { Discarded, SwapThreadData } from '../swap-thread-data.js'
import { ControlServer } from './control-server.js'
import { GuardBacking } from './guard-backing.js'
import type { SwapBacking } from './swap-backing.js'
import { UserfaultfdBacking } from './userfaultfd-backing.js'

export interface SwapServiceParts {
  readonly kernel: PagerKernel
  readonly store: PageStore
  readonly record: SwapRecord
  readonly data: SwapThreadData
  readonly send: (message: PagerMessage) => void
}

/** Serves swapped memory: takes its faults and its layout events, and lets the engine work between them. */
export class SwapService {
  readonly engine: SwapEngine
  readonly #store: PageStore
  readonly #map: PageMap
  readonly #backing: SwapBacking
  readonly #loop: FaultLoop
  readonly #control: ControlServer | undefined
  #works = false
  #stopped = false

  constructor({ kernel, store, record, data, send }: SwapServiceParts) {
    const { pageSize } = kernel
    this.#store = store
    this.#map = new PageMap(data.ranges, pageSize)
    this.#backing =
      data.way === 'guard'
        ? new GuardBacking(kernel, data, this.#map)
        : new UserfaultfdBacking({
            kernel,
            data,
            map: this.#map,
            places: record.places,
            onEvent: (messages, index) => this.#follow(messages, index),
          })
    this.engine = new SwapEngine({
      memory: this.#backing.memory,
      record,
      store,
      host: {
        now,
        later: (milliseconds, act) => {
          const timer = setTimeout(() => {
            if (!this.#stopped) act()
          }, milliseconds)
          return () => clearTimeout(timer)
        },
        ready: () => this.#schedule(),
        failure: (error) => send({ type: 'eviction', error: error === undefined ? undefined : packError(error) }),
        lost: (page, error) => send({ type: 'failure', address: this.#map.addressOf(page), error: packError(error) }),
        recovered: (page) => send({ type: 'failure', address: this.#map.addressOf(page), error: undefined }),
      },
      ...data.options,
    })
    const command = (command: SwapCommand) => this.engine.command(command)
    this.#control = data.control && new ControlServer({ ...data.control, command, status: () => record.status })
    const { faults } = this.#backing
    const serve = (index: number, now: number) => this.#serve(faults.address(index), now)
    this.#loop = new FaultLoop(faults, serve, () => !this.engine.isIdle, { works: () => this.#works })
  }

  /** The number by which the program names a guard source; -1 for any other. */
  get sourceId(): number {
    return this.#backing.faults.id
  }

  /** Watches the memory, takes over the pages that are there, and follows what the program did to the layout while no thread served. */
  takeOver(record: SwapRecord, { continues, discarded, unmapped }: SwapThreadData): void {
    const gone = unmapped.flatMap(({ start, length }) => this.#map.move(start, start + length, -1))
    this.#backing.watch()
    // From here on the engine alone installs pages, so that none is missed.
    const { resident, staged } = this.#backing.pages()
    if (continues) record.places.resume()
    for (const { page, count } of staged) this.engine.adoptStaged(page, count)
    for (const { page, count } of resident) this.engine.adopt(page, count)
    this.#backing.followMissed()
    for (const range of discarded) this.discard(range)
    for (const { page, count } of gone) this.engine.unmapped(page, count)
  }

  /** Takes faults from now on. */
  start(): void {
    this.#loop.start()
    void this.#control?.accept()
    this.#schedule()
  }

  restore(addresses: readonly number[]): void {
    for (const page of this.engine.poisoned()) this.engine.restore(page)
    for (const address of addresses) {
      const page = this.#map.pageAt(address)
      if (page >= 0) this.engine.restore(page)
    }
  }

  command(command: SwapCommand): Promise<void> {
    return this.engine.command(command)
  }

  /** Drops the content of a range, where no event would report that the program did. `advice` is of `MADV`. */
  discard(range: Discarded): void {
    this.#backing.discard(range)
    const { start, length } = range
    for (const { page, count } of this.#map.pagesIn(start, start + length)) this.engine.removed(page, count)
  }

  /** The program has unmapped a range. */
  unmapped(start: number, end: number): void {
    for (const { page, count } of this.#map.move(start, end, -1)) this.engine.unmapped(page, count)
  }

  /** Brings all pages back and takes no more faults. Rejects where pages could not be read, after it has ended as well. */
  async exit(): Promise<void> {
    this.#control?.close()
    try {
      await this.engine.command('disable')
    } finally {
      const lost = new Set(this.engine.poisoned())
      this.#backing.release((page) => lost.has(page))
      await this.stop()
    }
  }

  /** Stops serving, and changes no page. */
  async stop(): Promise<void> {
    this.#control?.close()
    this.#loop.stop()
    this.#stopped = true
    this.#backing.close()
    await this.#store.close()
  }

  #serve(address: number, now: number): void {
    const page = this.#map.pageAt(address)
    if (page >= 0) this.engine.fault(page, now)
    else this.#backing.serveAppended(address)
  }

  #follow(messages: UffdMessages, index: number): void {
    const [start, end] = [messages.start(index), messages.end(index)]
    switch (messages.code(index)) {
      case UFFD_EVENT_CODE.REMOVE:
        for (const { page, count } of this.#map.pagesIn(start, end)) this.engine.removed(page, count)
        return
      case UFFD_EVENT_CODE.UNMAP:
        this.unmapped(start, end)
        return
      case UFFD_EVENT_CODE.REMAP:
        this.#map.move(start, start + messages.length(index), end)
        return
    }
  }

  // Do one slice at a time: the event loop, which takes the faults, runs between two slices.
  #schedule(): void {
    if (this.#works || this.#stopped) return
    this.#works = true
    setImmediate(this.#work)
  }

  readonly #work = (): void => {
    if (this.#stopped) return
    this.#works = this.engine.work()
    if (this.#works) setImmediate(this.#work)
  }
}
