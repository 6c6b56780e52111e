import type { SwapCommand } from '../../../kernel/swap/swap-state.js'
import { addon } from '../../../linux/addon/addon.js'
import { check } from '../../../linux/addon/check.js'
import type { LinuxUserfaultfd } from '../../../linux/userfaultfd/linux-userfaultfd.js'
import { PageMap } from '../../../paging/swap/page-map.js'
import { SwapEngine } from '../../../paging/swap/swap-engine.js'
import type { SwapRecord } from '../../../paging/swap/swap-record.js'
import type { PageStore } from '../../../stores/page-store.js'
import type { UffdMessages } from '../../../userfaultfd/uffd-messages.js'
import { UFFD_EVENT_CODE } from '../../../vocabulary/uffd-event-code.js'
import { FaultLoop } from '../../source/fault-loop.js'
import { UserfaultfdQueue } from '../../source/userfaultfd-queue.js'
import { packError } from '../../thread/pack-error.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'
import type { PagerMessage } from '../../thread/pager-request.js'
import type { Discarded, SwapThreadData } from '../swap-thread-data.js'
import { ControlServer } from './control-server.js'
import { MovedStaging } from './moved-staging.js'
import { PlainStaging } from './plain-staging.js'
import type { Staging } from './staging.js'
import { UserfaultfdMemory } from './userfaultfd-memory.js'

export interface SwapServiceParts {
  readonly kernel: PagerKernel
  readonly raw: LinuxUserfaultfd
  readonly store: PageStore
  readonly record: SwapRecord
  readonly data: SwapThreadData
  readonly send: (message: PagerMessage) => void
}

/** Serves swapped memory: takes its faults and its layout events, and lets the engine work between them. */
export class SwapService {
  readonly engine: SwapEngine
  readonly #raw: LinuxUserfaultfd
  readonly #store: PageStore
  readonly #map: PageMap
  readonly #memory: UserfaultfdMemory
  readonly #data: SwapThreadData
  readonly #staging: Staging
  readonly #faults: UserfaultfdQueue
  readonly #loop: FaultLoop
  readonly #control: ControlServer | undefined
  readonly #pageSize: number
  #works = false
  #stopped = false

  constructor({ kernel, raw, store, record, data, send }: SwapServiceParts) {
    const { pageSize } = kernel
    this.#raw = raw
    this.#store = store
    this.#pageSize = pageSize
    this.#map = new PageMap(data.ranges, pageSize)
    this.#data = data
    this.#staging = data.way === 'move' ? new MovedStaging(raw, kernel) : new PlainStaging(pageSize)
    this.#faults = new UserfaultfdQueue({
      raw,
      name: data.source.name,
      pageSize,
      onEvent: (messages, index) => this.#follow(messages, index),
    })
    this.#memory = new UserfaultfdMemory({
      raw,
      faults: this.#faults,
      map: this.#map,
      way: data.way,
      start: data.staging,
      staging: this.#staging,
      pageSize,
    })
    this.engine = new SwapEngine({
      memory: this.#memory,
      record,
      store,
      host: {
        now: () => performance.now(),
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
    const serve = (index: number, now: number) => this.#serve(this.#faults.address(index), now)
    this.#loop = new FaultLoop(this.#faults, serve, () => this.#works || !this.engine.isIdle)
  }

  /** Follows what the program did to the layout while no thread served. */
  followMissed(): void {
    this.#faults.takeMissed()
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
  discard({ start, length, advice }: Discarded): void {
    check(addon().adviseBare(start, length, advice), 'madvise', { address: BigInt(start), length })
    for (const { page, count } of this.#map.pagesIn(start, start + length)) this.engine.removed(page, count)
  }

  /** Brings all pages back and takes no more faults. Rejects where pages could not be read, after it has ended as well. */
  async exit(): Promise<void> {
    this.#control?.close()
    try {
      await this.engine.command('disable')
    } finally {
      for (const { start, count } of this.#map.ranges) this.#release(start, count * this.#pageSize)
      if (this.#data.way === 'move') this.#release(this.#data.staging, this.#memory.pages * this.#pageSize)
      await this.stop()
    }
  }

  /** Stops serving, and changes no page. */
  async stop(): Promise<void> {
    this.#control?.close()
    this.#loop.stop()
    this.#stopped = true
    this.#staging.close()
    await this.#store.close()
  }

  #release(start: number, length: number): void {
    try {
      this.#raw.unregister(BigInt(start), length)
    } catch {
      // The range is already unmapped. Wake its waiters; they will fault again.
      this.#raw.wake(start, length)
    }
  }

  #serve(address: number, now: number): void {
    const page = this.#map.pageAt(address)
    if (page >= 0) this.engine.fault(page, now)
    // The program has appended this memory to a range: it was never swapped.
    else if (this.#raw.zeropage(address, this.#pageSize, 0) !== 0) this.#raw.wake(address, this.#pageSize)
  }

  #follow(messages: UffdMessages, index: number): void {
    const [start, end] = [messages.start(index), messages.end(index)]
    switch (messages.code(index)) {
      case UFFD_EVENT_CODE.REMOVE:
        for (const { page, count } of this.#map.pagesIn(start, end)) this.engine.removed(page, count)
        return
      case UFFD_EVENT_CODE.UNMAP:
        for (const { page, count } of this.#map.move(start, end, -1)) this.engine.unmapped(page, count)
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
