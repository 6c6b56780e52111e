import type { FaultRecord } from '../kernel/fault-record.js'
import type { FaultScope } from '../kernel/fault-scope.js'
import { addon } from './addon.js'
import { faultFrom } from './fault-from.js'
import { COUNTER, mailbox } from './mailbox.js'

/** Scopes of this thread. Entering and leaving one without a fault makes no call at all. */
export class LinuxFaultScope implements FaultScope {
  readonly #counters = mailbox().counters
  readonly #results = mailbox().results

  enter(): number {
    Atomics.add(this.#counters, COUNTER.SCOPE_DEPTH, 1)
    return Atomics.load(this.#counters, COUNTER.LOG_LENGTH)
  }

  leave(mark: number): FaultRecord | undefined {
    Atomics.sub(this.#counters, COUNTER.SCOPE_DEPTH, 1)
    if (Atomics.load(this.#counters, COUNTER.LOG_LENGTH) === mark) return undefined
    addon().leaveScope(mark)
    const [address, access, reason] = this.#results as unknown as [number, number, number]
    return faultFrom(address, access, reason)
  }
}
