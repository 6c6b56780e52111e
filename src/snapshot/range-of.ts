import { LiveArea } from './live-area.js'
import type { AreaSnapshot } from './snapshot.js'

/** The addresses of an area, half-open. */
export function rangeOf(area: AreaSnapshot): readonly [start: bigint, end: bigint] {
  return area instanceof LiveArea ? area.range : [BigInt(area.start), BigInt(area.end)]
}
