import type { SwapState } from '../../kernel/swap/swap-state.js'
import type { SwapStatistics } from '../../kernel/swap/swap-statistics.js'
import type { SwapStatus } from '../../kernel/swap/swap-status.js'
import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import { clockOrder } from './clock-order.js'
import { PagePlaces, PLACE } from './page-places.js'
import { COUNT, SwapCounters } from './swap-counters.js'
import { swapStatusOf } from './swap-status-of.js'

const STATES: readonly SwapState[] = [
  'ready',
  'failed',
  'pending',
  'trimInProgress',
  'swapOutInProgress',
  'active',
  'swapInInProgress',
]

/**
 * The record of swapped memory: the place of each page, the state and the counters. The thread that serves writes it, the program reads it,
 * and the next thread continues with it.
 */
export class SwapRecord {
  readonly memory: ArrayBufferLike
  readonly places: PagePlaces
  readonly counters: SwapCounters
  readonly #state: Int32Array

  /** A record of `pages` pages: a new one, or the one in `memory`. */
  constructor(pages: number, memory?: ArrayBufferLike, shared = false) {
    const [counters, counts] = [8, 8 + SwapCounters.LENGTH * 8]
    const low = counts + PagePlaces.COUNTS * 8
    const high = low + pages * 4
    const bytes = high + pages * 2
    this.memory = memory ?? (shared ? new SharedArrayBuffer(bytes + pages) : new ArrayBuffer(bytes + pages))
    this.#state = new Int32Array(this.memory, 0, 1)
    this.counters = new SwapCounters(new Float64Array(this.memory, counters, SwapCounters.LENGTH))
    this.places = new PagePlaces(
      new Float64Array(this.memory, counts, PagePlaces.COUNTS),
      { low: new Uint32Array(this.memory, low, pages), high: new Uint16Array(this.memory, high, pages) },
      new Uint8Array(this.memory, bytes, pages),
      memory === undefined,
    )
    if (memory === undefined) this.counters.values[COUNT.BYTES_USED] = -1
  }

  get state(): SwapState {
    return STATES[Atomics.load(this.#state, 0)]!
  }

  set state(state: SwapState) {
    Atomics.store(this.#state, 0, STATES.indexOf(state))
  }

  /** The last command that came to its end. */
  get transition(): { readonly pages: number; readonly milliseconds: number } {
    const { counters } = this
    return { pages: counters.get(COUNT.TRANSITION_PAGES), milliseconds: counters.get(COUNT.TRANSITION_MILLISECONDS) }
  }

  /** The budget in bytes; `Infinity` without one. */
  get residentLimit(): number {
    return this.counters.get(COUNT.RESIDENT_LIMIT)
  }

  set residentLimit(bytes: number) {
    this.counters.values[COUNT.RESIDENT_LIMIT] = bytes
  }

  get status(): SwapStatus {
    return swapStatusOf(this.state, this.statistics, this.transition)
  }

  /** Which pages leave next; `undefined` without a budget. */
  get evictionOrder(): EvictionOrder | undefined {
    return this.residentLimit === Infinity ? undefined : clockOrder(this.places, this.counters)
  }

  get statistics(): SwapStatistics {
    const { places, counters } = this
    const { counts } = places
    const bytesUsed = counters.get(COUNT.BYTES_USED)
    const evicted = counters.get(COUNT.EVICTED)
    return {
      residentPages: counts[PLACE.RESIDENT]!,
      stagingPages: places.staged,
      swapPages: counts[PLACE.STORED]! + counts[PLACE.READING]!,
      copiedFromFilePages: counters.get(COUNT.COPIED_FROM_STORE),
      copiedFromStagingPages: counters.get(COUNT.COPIED_FROM_STAGING),
      zeroedPages: counters.get(COUNT.ZEROED),
      redundantPages: counters.get(COUNT.REDUNDANT),
      pinnedPages: places.pinned,
      poisonedPages: counts[PLACE.POISONED]!,
      faults: counters.get(COUNT.FAULTS),
      evictedPages: evicted,
      zeroPages: counters.get(COUNT.ZERO_PAGES),
      unchangedPages: counters.get(COUNT.UNCHANGED),
      readAheadPages: counters.get(COUNT.READ_AHEAD),
      failures: counters.get(COUNT.FAILURES),
      bytesWritten: counters.get(COUNT.BYTES_WRITTEN),
      bytesRead: counters.get(COUNT.BYTES_READ),
      bytesUsed: bytesUsed < 0 ? undefined : bytesUsed,
      thrashRate: evicted === 0 ? 0 : counters.get(COUNT.DEMAND_READS) / evicted,
      latency: {
        zero: counters.latency('zero'),
        staging: counters.latency('staging'),
        store: counters.latency('store'),
      },
    }
  }
}
