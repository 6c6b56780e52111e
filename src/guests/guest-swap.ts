import type { RawGuest } from '../kernel/guest-host.js'
import { VmError } from '../vocabulary/vm-error.js'
import type { GuestStatistics } from './guest-statistics.js'

const CAN_NOT =
  "a handler can't take memory out of another process: process_madvise(2) refuses MADV_DONTNEED for it, UFFDIO_MOVE moves pages within one " +
  'address space, and only the monitor can drop its own pages, as a balloon does'

/**
 * The commands of crosvm's `vmm-swap` on a guest, as far as its memory can be reached from outside the monitor: see `Guest.swap`.
 */
export class GuestSwap {
  readonly #raw: RawGuest
  readonly #fetchAll: () => Promise<void>
  readonly #statistics: () => GuestStatistics

  /** @internal */
  constructor(raw: RawGuest, fetchAll: () => Promise<void>, statistics: () => GuestStatistics) {
    this.#raw = raw
    this.#fetchAll = fetchAll
    this.#statistics = statistics
  }

  /** Moves the guest's pages into the handler. Never possible: throws `VmError` `EOPNOTSUPP` with the reason. */
  enable(): never {
    throw new VmError('EOPNOTSUPP', 'process_madvise', { hint: CAN_NOT })
  }

  /** Drops pages that have not changed since they were fetched. Never possible: throws `VmError` `EOPNOTSUPP` with the reason. */
  trim(): never {
    throw new VmError('EOPNOTSUPP', 'process_madvise', { hint: CAN_NOT })
  }

  /**
   * Asks the kernel to move the guest's pages to the machine's swap space: `MADV_PAGEOUT` of process_madvise(2). A later access brings a page
   * back without this process. Returns the bytes of the monitor that are in swap space afterwards.
   *
   * @throws `VmError`: `EOPNOTSUPP` where the machine has no swap space or the guest has huge pages, `EPERM` without `CAP_SYS_NICE` and the right to
   * look into the monitor, `ESRCH` where it has ended.
   */
  out(): number {
    return this.#raw.pageOut()
  }

  /** Fetches all that is missing, and resolves when the guest needs this process no more. */
  disable(): Promise<void> {
    return this.#fetchAll()
  }

  /** The guest's `statistics`. */
  status(): GuestStatistics {
    return this.#statistics()
  }
}
