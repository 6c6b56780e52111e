import type { FaultRecord } from '../../kernel/fault-record.js'
import type { FaultScope } from '../../kernel/fault-scope.js'
import { addon } from '../addon/addon.js'
import { faultFrom } from '../addon/fault-from.js'
import { COUNTER, sharedResults } from '../addon/shared-results.js'

/**
 * Scopes of this thread. A scope is a mark, which is how many faults the thread has contained, and changes nothing: an event that cuts
 * JavaScript short (a full stack, the end of its thread, a timeout of `vm`) can't leave a scope open. The event loop reports the faults
 * of such a scope. Without a fault, neither end of a scope calls the addon.
 */
export class LinuxFaultScope implements FaultScope {
  readonly #counters = sharedResults().counters
  readonly #results = sharedResults().results

  enter(): number {
    return Atomics.load(this.#counters, COUNTER.CONTAINED)
  }

  leave(mark: number): FaultRecord | undefined {
    if (Atomics.load(this.#counters, COUNTER.CONTAINED) === mark) return undefined
    addon().leaveScope(mark)
    const [address, access, reason] = this.#results as unknown as [number, number, number]
    return faultFrom(address, access, reason)
  }
}
