import type { FaultSourceName } from '../../kernel/devices.js'
import type { RawFailedFault } from '../../kernel/raw-failed-fault.js'
import type { RawUserfaultfd } from '../../kernel/raw-userfaultfd.js'
import { addon } from '../../linux/addon/addon.js'
import { check } from '../../linux/addon/check.js'
import type { LinuxKernel } from '../../linux/linux-kernel.js'
import { openUserfaultfd } from '../../userfaultfd/open-userfaultfd.js'
import { UFFD_FEATURE } from '../../vocabulary/uffd-feature.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { FaultSourceAddress } from './fault-source-address.js'
import { GuardSource } from './guard-source.js'

const NEEDED =
  UFFD_FEATURE.MISSING_SHMEM |
  UFFD_FEATURE.MINOR_SHMEM |
  UFFD_FEATURE.WP_HUGETLBFS_SHMEM |
  UFFD_FEATURE.POISON |
  UFFD_FEATURE.THREAD_ID

/** Milliseconds: the longest that a deadline can be, 24 days. */
const LONGEST = 2 ** 31 - 1

/**
 * A fault source, on the program's side: it outlives the pager's threads that serve it, so that what nobody serves fails instead of
 * reading zeros.
 */
export class OpenedFaultSource {
  readonly name: FaultSourceAddress['name']
  readonly #raw: RawUserfaultfd | undefined

  /**
   * The best that the machine allows, or the one that is asked for. Nobody waits for longer than `deadline` milliseconds. Throws `VmError`,
   * which names what was tried.
   */
  static open(kernel: LinuxKernel, asked: FaultSourceName | undefined, deadline: number): OpenedFaultSource {
    if (asked === 'model')
      throw new VmError('EINVAL', 'open', { hint: 'on the running kernel no faults come from the model' })
    if (asked === 'guard') return new OpenedFaultSource('guard', undefined)
    try {
      return OpenedFaultSource.#openUserfaultfd(kernel, asked, deadline)
    } catch (error) {
      if (asked === undefined && error instanceof VmError) return new OpenedFaultSource('guard', undefined)
      throw error
    }
  }

  static #openUserfaultfd(
    kernel: LinuxKernel,
    asked: FaultSourceName | undefined,
    deadline: number,
  ): OpenedFaultSource {
    const userModeOnly = asked === undefined ? undefined : asked === 'userfaultfd-user-mode-only'
    const { raw, way } = openUserfaultfd(kernel.userfaultfds, userModeOnly)
    try {
      raw.api(NEEDED)
      raw.setDeadline!(Math.min(Math.ceil(deadline), LONGEST))
    } catch (error) {
      raw.close()
      throw error
    }
    return new OpenedFaultSource(way === 'user-mode-only' ? 'userfaultfd-user-mode-only' : 'userfaultfd', raw)
  }

  private constructor(name: FaultSourceAddress['name'], raw: RawUserfaultfd | undefined) {
    this.#raw = raw
    this.name = name
  }

  /** Gives the source to another thread. */
  give(): FaultSourceAddress {
    return { name: this.name, descriptor: this.#raw?.clone().intoDescriptor() ?? -1 }
  }

  /**
   * Whether another thread is about to serve in place of the one that serves now, and by itself would leave everyone to fail. `id` is that
   * one's guard source.
   */
  expectServer(expected: boolean, id: number): void {
    if (this.#raw === undefined) GuardSource.expectServer(id, expected)
    else this.#raw.expectServer!(expected)
  }

  /** Has all that a thread before took and did not answer come again. */
  askAgain(pageSize: number): void {
    const raw = this.#raw
    if (raw === undefined) return
    for (const { address } of raw.unanswered!().read) {
      raw.wake(Number(address) - (Number(address) % pageSize), pageSize)
    }
  }

  /** The faults that nobody answered in time, since this was asked last. */
  takeFailed(): RawFailedFault[] {
    return this.#raw === undefined || this.#raw.descriptor < 0 ? [] : this.#raw.takeFailed!()
  }

  /**
   * Whether somebody serves the page at the address now: a fault that nobody answered may be told of late, when another thread has taken
   * over. Where the faults come through a userfaultfd, that one tells.
   */
  isServed(address: number): boolean {
    return this.#raw === undefined && addon().guardIsServed(address) === 1
  }

  /** Takes the poison of the page at the address away: a later touch faults. A page that has come there meanwhile stays. */
  takePoison(address: number): void {
    if (this.#raw !== undefined) check(addon().uffdTakePoison(address), 'madvise', { address: BigInt(address) })
  }

  close(): void {
    this.#raw?.close()
  }
}
