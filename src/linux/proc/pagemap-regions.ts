import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'

const REGIONS = 2048

/** The arguments of `PAGEMAP_SCAN`: its flags, the categories that a page must have, and those that it returns. */
export interface PagemapScan {
  readonly flags: number
  readonly wanted: number
  readonly told: number
}

/**
 * Walks `[from, to)` with `PAGEMAP_SCAN` on an open /proc/PID/pagemap, in as many calls as necessary. Regions are in the order of
 * addresses; neighbours with the same categories may be separate.
 */
export function* pagemapRegions(
  descriptor: number,
  from: bigint,
  to: bigint,
  { flags, wanted, told }: PagemapScan,
): Generator<{ start: bigint; end: bigint; categories: number }> {
  const words = new BigUint64Array(1 + REGIONS * 3)
  for (let at = from; at < to; ) {
    const found = addon().pagemapScan(descriptor, at, to, flags, wanted, told, words)
    if (found < 0) throw new VmError(found, 'PAGEMAP_SCAN', { address: at, length: Number(to - at) })
    // The reported end of the walk can lie before the end of the last region.
    let walked = words[0]!
    for (let index = 0; index < found; index++) {
      const end = words[2 + index * 3]!
      if (end > walked) walked = end
      yield { start: words[1 + index * 3]!, end, categories: Number(words[3 + index * 3]!) }
    }
    if (walked <= at) return
    at = walked
  }
}
