import type { PageStore } from '../../stores/page-store.js'
import type { PagePlaces } from './page-places.js'
import type { SwapCounters } from './swap-counters.js'
import type { SwapMemory } from './swap-memory.js'
import type { SwapRecord } from './swap-record.js'

/** The functions that the engine calls. */
export interface SwapHost {
  /** Milliseconds of a clock that does not go back. */
  now(): number
  /** Calls `act` after so many milliseconds. Returns what cancels that. */
  later(milliseconds: number, act: () => void): () => void
  /** Requests a call of `work` soon. */
  ready(): void
  /** Evictions have stopped for this error, or with `undefined` have resumed. */
  failure(error: Error | undefined): void
  /** A page could not be read back and is poisoned. */
  lost(page: number, error: Error): void
  /** A page that was poisoned or to be restored is so no longer: it came back, or the program dropped it. */
  recovered(page: number): void
}

/** What the parts of one engine share. Amounts of memory are in pages. */
export interface SwapContext {
  readonly memory: SwapMemory
  readonly record: SwapRecord
  readonly store: PageStore
  readonly host: SwapHost
  readonly places: PagePlaces
  readonly counters: SwapCounters
  /** The time limit of a call of the store, in milliseconds. */
  readonly timeout: number
  /** How many pages the memory may exceed the budget by while pages leave. */
  readonly slack: number
  /** How many pages may take memory. `Infinity` without a budget. */
  limit: number
  /** Eviction begins above `high` and stops at `low`. */
  high: number
  low: number
}
