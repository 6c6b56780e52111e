import { MAP } from '../../../vocabulary/map.js'
import { PROT } from '../../../vocabulary/prot.js'

/** Whether writes through the map make private copies. `flags` is of `MAP`, `protection` of `PROT`. */
export function mayCopy(flags: number, protection: number): boolean {
  return (flags & MAP.SHARED) === 0 && (protection & PROT.WRITE) !== 0
}
