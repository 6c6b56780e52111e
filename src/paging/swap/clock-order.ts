import type { EvictionOrder } from '../../vocabulary/reports/eviction-order.js'
import { NOTE, type PagePlaces, PLACE } from './page-places.js'
import { COUNT, type SwapCounters } from './swap-counters.js'

/** How many pages `next` names. */
const MOST = 16
/** How many pages are examined for each hand, so that the call is short for a large memory too. */
const LOOKED_AT = 65_536

/**
 * Which pages of a swap leave next: staged ones from the one hand on, then resident ones that were not used from the other hand on. The
 * serving thread may move the hands meanwhile.
 */
export function clockOrder(places: PagePlaces, counters: SwapCounters): EvictionOrder {
  const hand = counters.page(COUNT.STAGE_HAND)
  const next: number[] = []
  const look = (from: number, isNext: (page: number) => boolean) => {
    for (let step = 0; step < Math.min(places.count, LOOKED_AT) && next.length < MOST; step++) {
      const page = (from + step) % places.count
      if (isNext(page)) next.push(page)
    }
  }
  if (places.staged > 0) look(counters.page(COUNT.WRITE_HAND), (page) => places.get(page) === PLACE.STAGED)
  look(hand, (page) => places.get(page) === PLACE.RESIDENT && !places.has(page, NOTE.YOUNG | NOTE.PINNED))
  return {
    by: 'clock',
    next,
    candidates: places.staged,
    others: places.counts[PLACE.RESIDENT]!,
    hand,
    round: places.count,
  }
}
