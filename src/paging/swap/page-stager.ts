import { NOTE, PLACE } from './page-places.js'
import type { SwapContext } from './swap-context.js'
import { COUNT } from './swap-counters.js'
import { REFUSAL } from './swap-memory.js'

/** How many pages are examined before faults are served: 2 MiB. */
const SLICE = 512

/** The clock of eviction. Stages resident pages: all of them, or those that were not used since its hand passed them last. */
export class PageStager {
  readonly #context: SwapContext
  /** The layout is changing: staging is retried after a millisecond. */
  #waits = false

  constructor(context: SwapContext) {
    this.#context = context
  }

  get waits(): boolean {
    return this.#waits
  }

  /** The page that the hand points to. It is kept in the counters, where other threads read it. */
  get #hand(): number {
    return this.#context.counters.get(COUNT.STAGE_HAND)
  }

  set #hand(page: number) {
    this.#context.counters.values[COUNT.STAGE_HAND] = page
  }

  /** Stages one slice of resident pages, from `from` on. Returns the page at which the next slice begins. */
  sweep(from: number): number {
    const { places, memory } = this.#context
    const first = places.find(PLACE.RESIDENT, from, places.count)
    if (first === places.count) return first
    const end = Math.min(first + SLICE, memory.regionEnd(first))
    return this.#stage(first, places.runEnd(PLACE.RESIDENT, first, end))
  }

  /**
   * Moves up to so many resident pages aside that were not used since the hand passed them last. Looks at a slice of pages. Returns how many it
   * moved, or -1 when it has gone round and found none.
   */
  advance(most: number): number {
    const { places, memory } = this.#context
    const round = places.count
    for (let looked = 0; looked <= 2 * round; ) {
      const from = this.#hand
      const first = places.find(PLACE.RESIDENT, from, round)
      looked += first - from + 1
      if (first === round) {
        this.#hand = 0
        if (places.counts[PLACE.RESIDENT] === 0) return -1
        continue
      }
      const end = Math.min(memory.regionEnd(first), first + Math.min(SLICE, most))
      let page = first
      while (page < end && places.get(page) === PLACE.RESIDENT && !places.has(page, NOTE.YOUNG | NOTE.PINNED)) page++
      if (page > first) {
        this.#hand = this.#stage(first, page)
        return Math.max(this.#hand - first, 0)
      }
      // The page was used, or is pinned: the next round examines it again.
      places.clear(first, NOTE.YOUNG | NOTE.PINNED)
      this.#hand = first + 1
    }
    return -1
  }

  // Returns the page to go on from.
  #stage(first: number, end: number): number {
    const { places, memory, host } = this.#context
    const done = memory.stage(first, end - first)
    for (let page = first; page < first + done; page++) {
      places.set(page, PLACE.STAGED)
      places.clear(page, NOTE.PINNED | NOTE.YOUNG)
    }
    const stopped = first + done
    if (stopped === end) return end
    switch (memory.refusal) {
      case REFUSAL.AGAIN:
        this.#waits = true
        host.later(1, () => {
          this.#waits = false
          host.ready()
        })
        return stopped
      case REFUSAL.MISSING:
        places.set(stopped, PLACE.EMPTY)
        break
      case REFUSAL.GONE:
        places.set(stopped, PLACE.GONE)
        break
      default:
        places.note(stopped, NOTE.PINNED)
    }
    return stopped + 1
  }
}
