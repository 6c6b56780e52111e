import { NOTE, PLACE } from './page-places.js'
import { SLICE } from './slice.js'
import type { SwapContext } from './swap-context.js'
import { COUNT } from './swap-counters.js'
import { REFUSAL } from './swap-memory.js'

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

  /** Stages one slice of resident pages, from `from` on, in a few runs. Returns the page at which the next slice begins. */
  sweep(from: number): number {
    const { places, memory } = this.#context
    let [page, left]: [page: number, left: number] = [from, SLICE.pages]
    for (let runs = 0; runs < SLICE.runs && left > 0 && !this.#waits; runs++) {
      page = places.find(PLACE.RESIDENT, page, places.count)
      if (page === places.count) break
      const end = Math.min(page + left, memory.regionEnd(page))
      const next = this.#stage(page, places.runEnd(PLACE.RESIDENT, page, end))
      left -= next - page
      page = next
    }
    return page
  }

  /**
   * Moves up to so many resident pages aside that were not used since the hand passed them last. Looks at a slice of pages, in a few runs.
   * Returns by how many pages the hand has moved over such runs: 0 when it has gone round and found none.
   */
  advance(most: number): number {
    const { places, memory, counters } = this.#context
    // The hand is kept in the counters, where other threads read it.
    let hand = counters.page(COUNT.STAGE_HAND)
    const [round, wanted] = [places.count, Math.min(SLICE.pages, most)]
    let passed = 0
    for (let looked = 0, runs = 0; looked <= 2 * round && passed < wanted && runs < SLICE.runs && !this.#waits; ) {
      const first = places.find(PLACE.RESIDENT, hand, round)
      looked += first - hand + 1
      if (first === round) {
        hand = 0
        if (places.counts[PLACE.RESIDENT] === 0) break
        continue
      }
      const end = Math.min(memory.regionEnd(first), first + wanted - passed)
      let page = first
      while (page < end && places.get(page) === PLACE.RESIDENT && !places.has(page, NOTE.YOUNG | NOTE.PINNED)) page++
      if (page > first) {
        hand = this.#stage(first, page)
        passed += hand - first
        runs++
        continue
      }
      // The page was used, or is pinned: the next round examines it again.
      places.clear(first, NOTE.YOUNG | NOTE.PINNED)
      hand = first + 1
    }
    counters.values[COUNT.STAGE_HAND] = hand
    return passed
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
