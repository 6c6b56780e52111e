import { closeSync } from 'node:fs'
import type { RawFailedFault } from '../../kernel/raw-failed-fault.js'
import type { RawUnanswered } from '../../kernel/raw-unanswered.js'
import type { RawUserfaultfd } from '../../kernel/raw-userfaultfd.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { addon } from '../addon/addon.js'
import type { AddonFunctions } from '../addon/addon-functions.js'
import { check } from '../addon/check.js'
import { sharedResults } from '../addon/shared-results.js'
import { watchReadable } from '../addon/watch-readable.js'
import { openProcFile } from '../proc/open-proc-file.js'
import { pagemapRegions } from '../proc/pagemap-regions.js'
import { userfaultfdInfo } from './userfaultfd-info.js'
import { waitingThreads } from './waiting-threads.js'

const { EBADF } = ERRNO_RESULT

/** Flags and a category of `PAGEMAP_SCAN`. */
const SCAN = { WP_MATCHING: 1, CHECK_WPASYNC: 2, WRITTEN: 2 } as const

/** The number of no handle. */
const CLOSED = 0
/** As the addon numbers them. */
const failures: readonly RawFailedFault['reason'][] = ['timeout', 'no-server', 'itself']

// A collected handle is closed, as at the end of its thread: pages without a server are poisoned.
const lost = new FinalizationRegistry<number>((handle) => addon().uffdClose(handle, true))

/** A userfaultfd of this process: a handle into the addon's table, which belongs to the thread that made it. */
export class LinuxUserfaultfd implements RawUserfaultfd {
  readonly nonblocking: boolean
  done = 0
  features = 0n
  readonly #addon: AddonFunctions = addon()
  // The array through which the addon takes numbers and returns its answer: as arguments they would cost an allocation in each call.
  readonly #operands: Float64Array = sharedResults().results
  readonly #watches = new Set<() => void>()
  #handle: number
  #descriptor: number

  constructor(handle: number, features: bigint, nonblocking: boolean) {
    this.#handle = handle
    this.#descriptor = this.#addon.uffdDescriptor(handle, false)
    this.features = features
    this.nonblocking = nonblocking
    lost.register(this, handle, this)
  }

  /** The addon's number of this handle. */
  get handle(): number {
    return this.#handle
  }

  get descriptor(): number {
    return this.#descriptor
  }

  api(features: bigint): { features: bigint; ioctls: bigint } {
    const words = new BigUint64Array([features, 0n])
    check(this.#addon.uffdApi(this.#handle, words), 'UFFDIO_API')
    this.features = features
    return { features: words[0]!, ioctls: words[1]! }
  }

  /** `ofDevice` is for the server of a device: for any other caller its area can't be registered, as in the kernel (`EINVAL`). */
  register(start: bigint, length: number, mode: number, ofDevice = false): bigint {
    const words = new BigUint64Array(1)
    const answer = this.#addon.uffdRegister(this.#handle, start, length, mode, words, ofDevice)
    if (answer < 0) throw new VmError(answer, 'UFFDIO_REGISTER', { address: start, length })
    return words[0]!
  }

  unregister(start: bigint, length: number): void {
    const answer = this.#addon.uffdUnregister(this.#handle, start, length)
    if (answer < 0) throw new VmError(answer, 'UFFDIO_UNREGISTER', { address: start, length })
  }

  copy(destination: bigint | number, source: Uint8Array, length: number, mode: number): number {
    this.#operands[1] = Number(destination)
    this.#operands[3] = length
    this.#addon.uffdCopy(this.#handle, mode, source)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  zeropage(start: bigint | number, length: number, mode: number): number {
    this.#operands[1] = Number(start)
    this.#operands[3] = length
    this.#addon.uffdZeropage(this.#handle, mode)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  continue(start: bigint | number, length: number, mode: number): number {
    this.#operands[1] = Number(start)
    this.#operands[3] = length
    this.#addon.uffdContinue(this.#handle, mode)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  poison(start: bigint | number, length: number, mode: number): number {
    this.#operands[1] = Number(start)
    this.#operands[3] = length
    this.#addon.uffdPoison(this.#handle, mode)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  /** `copy` of a part of `source`, from `from` on, but only to memory that is registered here, as `continueOwn`. */
  copyOwn(destination: number, source: Uint8Array, from: number, length: number, mode: number): number {
    this.#operands[1] = destination
    this.#operands[2] = from
    this.#operands[3] = length
    this.#addon.uffdCopyOwn(this.#handle, mode, source)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  /** `continue`, but only in memory that is registered here, because after an unmap the addresses may be reused. `-ENOENT` elsewhere. */
  continueOwn(start: number, length: number, mode: number): number {
    this.#operands[1] = start
    this.#operands[3] = length
    this.#addon.uffdContinueOwn(this.#handle, mode)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  /** `poison`, restricted as `continueOwn`. */
  poisonOwn(start: number, length: number, mode: number): number {
    this.#operands[1] = start
    this.#operands[3] = length
    this.#addon.uffdPoisonOwn(this.#handle, mode)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  /** Takes pages from view, likewise, so that they fault again: `MADV_DONTNEED`. `-EAGAIN` while the layout changes. */
  hideOwn(start: number, length: number): number {
    this.#operands[1] = start
    this.#operands[3] = length
    this.#addon.uffdHideOwn(this.#handle)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  /** Maps a part of a file there, restricted as `continueOwn`. The new memory is registered in the modes of the old. */
  mapOverOwn(
    start: number,
    length: number,
    protection: number,
    flags: number,
    descriptor: number,
    offset: number,
  ): number {
    this.#operands[1] = start
    this.#operands[3] = length
    this.#addon.uffdMapOverOwn(this.#handle, protection, flags, descriptor, offset)
    return this.#operands[1]!
  }

  /** `mprotect`, restricted as `continueOwn`. */
  protectOwn(start: number, length: number, protection: number): number {
    this.#operands[1] = start
    this.#operands[3] = length
    this.#addon.uffdProtectOwn(this.#handle, protection)
    return this.#operands[1]!
  }

  move(destination: bigint | number, source: bigint | number, length: number, mode: number): number {
    this.#operands[1] = Number(destination)
    this.#operands[2] = Number(source)
    this.#operands[3] = length
    this.#addon.uffdMove(this.#handle, mode)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  writeprotect(start: bigint | number, length: number, mode: number): number {
    this.#operands[1] = Number(start)
    this.#operands[3] = length
    this.#addon.uffdWriteprotect(this.#handle, mode)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  wake(start: bigint | number, length: number): number {
    this.#operands[1] = Number(start)
    this.#operands[3] = length
    this.#addon.uffdWake(this.#handle)
    this.done = this.#operands[0]!
    return this.#operands[1]!
  }

  read(messages: Uint8Array): number {
    return this.#addon.uffdRead(this.#handle, messages)
  }

  wait(messages: Uint8Array, milliseconds: number): number {
    return this.#addon.uffdWait(this.#handle, messages, milliseconds)
  }

  interrupt(): void {
    check(this.#addon.uffdInterrupt(this.#handle), 'write')
  }

  readable(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true || this.#handle === CLOSED) return resolve()
      const finish = () => {
        unwatch()
        this.#watches.delete(finish)
        signal?.removeEventListener('abort', finish)
        resolve()
      }
      const unwatch = watchReadable(this.#descriptor, finish)
      this.#watches.add(finish)
      signal?.addEventListener('abort', finish)
    })
  }

  clone(): LinuxUserfaultfd {
    const handle = check(this.#addon.uffdClone(this.#handle), 'fcntl')
    return new LinuxUserfaultfd(handle, this.features, this.nonblocking)
  }

  expose(): void {
    this.#addon.uffdDescriptor(this.#handle, true)
  }

  intoDescriptor(): number {
    const descriptor = check(this.#addon.uffdIntoDescriptor(this.#handle), 'userfaultfd')
    this.#forget()
    return descriptor
  }

  keepWaiting(): void {
    check(this.#addon.uffdSetCustody(this.#handle, false, true), 'userfaultfd')
  }

  setDeadline(milliseconds: number): void {
    check(this.#addon.uffdSetDeadline(this.#handle, milliseconds), 'userfaultfd')
  }

  expectServer(expected: boolean): void {
    check(this.#addon.uffdExpectServer(this.#handle, expected), 'userfaultfd')
  }

  takeFailed(): RawFailedFault[] {
    const failed: RawFailedFault[] = []
    const records = new Float64Array(2 * 64)
    for (;;) {
      const count = check(this.#addon.uffdTakeFailed(this.#handle, records), 'userfaultfd')
      for (let at = 0; at < count * 2; at += 2) {
        failed.push({ address: BigInt(records[at]!), reason: failures[records[at + 1]!]! })
      }
      if (count * 2 < records.length) return failed
    }
  }

  /** Takes layout events that arrived while no thread served, as `read` does. Returns the number of bytes. */
  takeMissed(messages: Uint8Array): number {
    return check(this.#addon.uffdTakeMissed(this.#handle, messages), 'userfaultfd') * 32
  }

  /**
   * Notes that the registered ranges are not known: until a range is registered here, losing the last handle leaves the userfaultfd open.
   */
  holdUntilRegistered(): void {
    check(this.#addon.uffdHoldUntilRegistered(this.#handle), 'userfaultfd')
  }

  /** Another process has the descriptor as well. */
  markSent(): void {
    check(this.#addon.uffdSetCustody(this.#handle, true, false), 'userfaultfd')
  }

  close(missing: 'poison' | 'zero' = 'poison'): void {
    if (this.#handle === CLOSED) return
    const handle = this.#handle
    this.#forget()
    check(this.#addon.uffdClose(handle, missing === 'poison'), 'close')
  }

  unanswered(pid: number = process.pid): RawUnanswered {
    if (this.#handle === CLOSED) throw new VmError(EBADF, 'userfaultfd')
    let records = new Float64Array(4 * 64)
    let count = this.#addon.uffdUnanswered(this.#handle, records)
    if (count * 4 > records.length) {
      records = new Float64Array(count * 4)
      count = Math.min(count, this.#addon.uffdUnanswered(this.#handle, records))
    }
    const read: RawUnanswered['read'][number][] = []
    for (let at = 0; at < count * 4; at += 4) {
      const [address, flags, threadId, waited] = records.subarray(at, at + 4) as unknown as [
        number,
        number,
        number,
        number,
      ]
      read.push({ address: BigInt(address), flags, threadId, waited })
    }
    const { pending, total } = userfaultfdInfo(this.#descriptor)
    return { unread: pending, waiting: total, read, threads: waitingThreads(pid) }
  }

  written(start: bigint, end: bigint, reset: boolean): { start: bigint; end: bigint }[] {
    const runs: { start: bigint; end: bigint }[] = []
    const pagemap = openProcFile('self', 'pagemap')
    try {
      const scan = {
        flags: SCAN.CHECK_WPASYNC | (reset ? SCAN.WP_MATCHING : 0),
        wanted: SCAN.WRITTEN,
        told: SCAN.WRITTEN,
      }
      for (const run of pagemapRegions(pagemap, start, end, scan)) {
        const last = runs.at(-1)
        if (last?.end === run.start) last.end = run.end
        else runs.push({ start: run.start, end: run.end })
      }
    } catch (error) {
      if (!(error instanceof VmError && error.code === 'EPERM')) throw error
      throw new VmError('EPERM', 'PAGEMAP_SCAN', {
        address: start,
        length: Number(end - start),
        hint: 'a part of it is not registered for wp with a userfaultfd that has the feature wp_async',
        cause: error,
      })
    } finally {
      closeSync(pagemap)
    }
    return runs
  }

  #forget(): void {
    lost.unregister(this)
    this.#handle = CLOSED
    this.#descriptor = -1
    for (const finish of this.#watches) finish()
  }
}
