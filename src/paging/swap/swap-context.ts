import type { PageStore } from '../../stores/page-store.js'
import type { PagePlaces } from './page-places.js'
import type { SwapCounters } from './swap-counters.js'
import type { SwapMemory } from './swap-memory.js'
import type { SwapRecord } from './swap-record.js'

/** What the engine needs of the program around it. */
export interface SwapHost {
  /** Milliseconds of a clock that does not go back. */
  now(): number
  /** Calls `act` after so many milliseconds. Returns what cancels that. */
  later(milliseconds: number, act: () => void): () => void
  /** The engine has work: call `work` soon. */
  ready(): void
  /** Evictions have stopped for this error, or, with `undefined`, go on again. */
  failure(error: Error | undefined): void
  /** A page could not be read back and is poisoned. */
  lost(page: number, error: Error): void
}

/** What the parts of one engine share. Pages, not bytes. */
export interface SwapContext {
  readonly memory: SwapMemory
  readonly record: SwapRecord
  readonly store: PageStore
  readonly host: SwapHost
  readonly places: PagePlaces
  readonly counters: SwapCounters
  /** How long the store may take for an answer, in milliseconds. */
  readonly timeout: number
  /** By so many pages the budget may be exceeded while pages leave. */
  readonly slack: number
  /** How many pages may take memory. `Infinity` without a budget. */
  limit: number
  /** Eviction begins above `high` and goes on down to `low`. */
  high: number
  low: number
}
