import assert from 'node:assert/strict'
import { SwapEngine, type SwapEngineOptions } from '#vmarea/paging/swap/swap-engine.js'
import { SwapRecord } from '#vmarea/paging/swap/swap-record.js'
import { PAGE, pageOf, SimulatedMemory } from './simulated-memory.js'
import { SimulatedStore } from './simulated-store.js'

interface Timer {
  readonly at: number
  readonly act: () => void
}

interface Access {
  readonly page: number
  /** What is written, or `undefined` for a read. */
  readonly value: number | undefined
  /** Waits for an answer to its fault. */
  sleeps: boolean
  /** Its fault was not given to the engine yet. */
  fresh: boolean
}

/**
 * A program with threads that touch swapped memory, its kernel, a store and a clock. Nothing happens by itself: a test says what is next.
 * `values` is what the program must find.
 */
export class SimulatedProgram {
  readonly memory: SimulatedMemory
  readonly store = new SimulatedStore()
  readonly record: SwapRecord
  readonly engine: SwapEngine
  readonly values: number[]
  readonly accesses: Access[] = []
  /** By how many milliseconds the next timer fires too early, as a timer of Node may. */
  early = 0
  readonly lost = new Map<number, Error>()
  readonly failures: (Error | undefined)[] = []
  isReady = false
  time = 0
  #timers: Timer[] = []

  constructor(ends: readonly number[], options: Partial<SwapEngineOptions> = {}) {
    this.memory = new SimulatedMemory(ends, (page) => {
      for (const access of this.accesses) if (access.page === page && !access.fresh) access.sleeps = false
    })
    this.values = new Array<number>(this.memory.pages).fill(0)
    this.record = new SwapRecord(this.memory.pages)
    this.engine = new SwapEngine({
      memory: this.memory,
      record: this.record,
      store: this.store,
      host: {
        now: () => this.time,
        later: (milliseconds, act) => {
          const timer = { at: this.time + Math.max(milliseconds - this.early, 0), act }
          this.early = 0
          this.#timers.push(timer)
          return () => {
            this.#timers = this.#timers.filter((other) => other !== timer)
          }
        },
        ready: () => {
          this.isReady = true
        },
        failure: (error) => this.failures.push(error),
        lost: (page, error) => this.lost.set(page, error),
        recovered: (page) => this.lost.delete(page),
      },
      timeout: 1000,
      residentLimit: Number.POSITIVE_INFINITY,
      lowWater: 0.7,
      highWater: 0.9,
      slack: 4 * PAGE,
      ...options,
    })
  }

  get timers(): number {
    return this.#timers.length
  }

  /** Begins an access. It ends in `progress`, at once where its page is there. */
  access(page: number, value?: number): void {
    this.accesses.push({ page, value, sleeps: false, fresh: false })
    this.progress()
  }

  /** Lets the threads that do not sleep touch their pages. */
  progress(): void {
    for (const access of [...this.accesses]) {
      if (access.sleeps || this.accesses.some((other) => other.page === access.page && other.fresh)) continue
      const { page, value } = access
      const present = this.memory.present[page]
      const isOver = present !== undefined || this.memory.poisoned.has(page) || this.memory.unmapped.has(page)
      if (!isOver) {
        access.sleeps = true
        access.fresh = true
        continue
      }
      this.accesses.splice(this.accesses.indexOf(access), 1)
      if (present === undefined) continue
      if (value === undefined) this.check(page)
      else {
        this.memory.present[page] = pageOf(value)
        this.values[page] = value
      }
    }
  }

  /** Gives one fault to the engine. */
  deliver(which = 0): boolean {
    const fresh = this.accesses.filter((access) => access.fresh)
    const access = fresh[which % Math.max(fresh.length, 1)]
    if (access === undefined) return false
    access.fresh = false
    this.engine.fault(access.page, this.time)
    return true
  }

  /** The program drops the content of a page, as `MADV_DONTNEED` does: the kernel tells it first. */
  drop(page: number): void {
    this.engine.removed(page, 1)
    this.memory.present[page] = undefined
    this.memory.poisoned.delete(page)
    this.values[page] = 0
  }

  unmap(page: number): void {
    this.memory.present[page] = undefined
    this.memory.poisoned.delete(page)
    this.memory.unmapped.add(page)
    for (const access of this.accesses) if (access.page === page) access.sleeps = access.fresh = false
    this.engine.unmapped(page, 1)
  }

  work(): boolean {
    // As the serving thread has it: what becomes ready meanwhile is a part of the work, which says whether there is more.
    this.isReady = this.engine.work()
    return this.isReady
  }

  /** The next timer comes. */
  tick(): boolean {
    const next = this.#timers.reduce<Timer | undefined>((first, timer) => {
      return first === undefined || timer.at < first.at ? timer : first
    }, undefined)
    if (next === undefined) return false
    this.#timers = this.#timers.filter((timer) => timer !== next)
    this.time = Math.max(this.time, next.at)
    next.act()
    return true
  }

  /** A call of the store settles. */
  async settle(which = 0, error?: Error): Promise<boolean> {
    const { calls } = this.store
    if (calls.length === 0) return false
    const [call] = calls.splice(which % calls.length, 1)
    call!.settle(error)
    await turn()
    return true
  }

  /** Does all that can be done, and settles every call of the store. Timers come when nothing else is left and something waits. */
  async finish(until: () => boolean = () => this.accesses.length === 0): Promise<void> {
    this.memory.changes = () => false
    this.store.next = () => 'later'
    for (let round = 0; round < 100_000; round++) {
      this.progress()
      await turn()
      if (this.deliver() || (await this.settle())) continue
      if (this.isReady) {
        this.work()
        continue
      }
      if (until()) return
      assert.ok(this.tick(), 'something waits, and nothing is left that could come')
    }
    assert.fail('it does not come to an end')
  }

  /** What the program finds in a page that is in memory. */
  check(page: number): void {
    assert.deepEqual(this.memory.present[page], pageOf(this.values[page]!), `content of page ${page}`)
  }

  /** What the program would find in each page. */
  async checkAll(): Promise<void> {
    for (let page = 0; page < this.memory.pages; page++) {
      if (this.memory.unmapped.has(page) || this.memory.poisoned.has(page)) continue
      this.access(page)
      await this.finish()
    }
  }
}

/** Lets promises that have settled call back. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
