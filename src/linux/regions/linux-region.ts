import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Region } from '../../kernel/region.js'
import type { RegionKeeper } from '../../kernel/region-keeper.js'
import type { WaitResult } from '../../kernel/sharing/wait-result.js'
import type { WordWait } from '../../kernel/sharing/word-wait.js'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { hex } from '../../vocabulary/hex.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { AddonFunctions, AsyncAnswer } from '../addon/addon-functions.js'
import { faultFrom } from '../addon/fault-from.js'
import { COUNTER, sharedResults } from '../addon/shared-results.js'
import { keepRegion } from './keep-region.js'

const { ENXIO, EFAULT, EADDRNOTAVAIL, EDEADLK, EOPNOTSUPP } = ERRNO_RESULT
/** What a wait for a word answers where the time was up, and where the word had another value before. */
const TIME_IS_UP = 2
const NOT_EQUAL = 3
/** The index in the shared results at which the addon reads the offset of a copy: cheaper than another argument. */
const OFFSET = 1

const bytesOfWord = new Uint8Array(4)

/** A region of this process: a handle into the addon's table, where the fault guard finds it by address. */
export class LinuxRegion implements Region {
  readonly pageSize: number
  owner: object | undefined = undefined
  keeper: RegionKeeper | undefined = undefined
  readonly #addon: AddonFunctions
  readonly #handle: number
  #start: number
  #length: number
  readonly #results: Float64Array
  readonly #counters: Int32Array

  constructor(addon: AddonFunctions, handle: number, start: number, length: number, pageSize: number) {
    this.#addon = addon
    this.#handle = handle
    this.#start = start
    this.#length = length
    this.pageSize = pageSize
    const { results, counters } = sharedResults()
    this.#results = results
    this.#counters = counters
    this.#check(addon.ownRegion(handle, this), 'mmap', 0, length)
  }

  /** The addon's handle of this region. */
  get handle(): number {
    return this.#handle
  }

  get start(): bigint {
    return BigInt(this.#start)
  }

  get length(): number {
    return this.#length
  }

  protect(offset: number, length: number, protection: number, previous: number): void {
    const apply = () => {
      const answer = this.#addon.protectRegion(this.#handle, offset, length, protection, previous)
      this.#check(answer, 'mprotect', offset, length)
    }
    if (this.keeper === undefined) apply()
    else this.keeper.protecting(this, offset, length, protection, apply)
  }

  replaceByNothing(offset: number, length: number): void {
    this.keeper?.unmapping?.(this)
    this.#check(this.#addon.replaceRegion(this.#handle, offset, length), 'mmap', offset, length)
    this.keeper?.unmapped(this, this.start + BigInt(offset), length)
  }

  split(at: number): LinuxRegion {
    const handle = this.#addon.splitRegion(this.#handle, at)
    this.#check(handle, 'split', at, 0)
    const rest = new LinuxRegion(this.#addon, handle, this.#start + at, this.#length - at, this.pageSize)
    this.#length = at
    this.keeper?.split(this, rest)
    return rest
  }

  absorb(next: LinuxRegion): void {
    const apply = () => {
      this.#check(this.#addon.absorbRegion(this.#handle, next.#handle), 'merge', this.#length, next.#length)
      this.#length += next.#length
      next.keeper = undefined
    }
    if (this.keeper === undefined) apply()
    else this.keeper.absorbing(this, next, apply)
  }

  resize(length: number): void {
    this.keeper?.resizing?.(this, length)
    this.#check(this.#addon.resizeRegion(this.#handle, length), 'mremap', 0, length)
    const oldLength = this.#length
    this.#start = this.#results[0]!
    this.#length = length
    this.keeper?.resized(this, oldLength)
  }

  unmap(): void {
    this.keeper?.unmapping?.(this)
    this.#check(this.#addon.unmapRegion(this.#handle), 'munmap', 0, this.#length)
    const { keeper } = this
    this.keeper = undefined
    keeper?.unmapped(this, this.start, this.#length)
  }

  view(offset: number, length: number): ArrayBuffer {
    const why = 'this JavaScript engine allows no buffers over foreign memory; read and write copy and work here'
    const buffer = this.#buffer(this.#addon.viewRegion(this.#handle, offset, length), offset, length, why)
    keepRegion(buffer, this)
    return buffer
  }

  share(offset: number, length: number): SharedArrayBuffer {
    const why = `Node ${process.versions.node} can make no SharedArrayBuffer over a mapping, and 22.23, 24.21, 26.10 and later can: map the same file in the other thread, by its descriptor, and use read, write, wait and notify, which work here`
    return this.#buffer(this.#addon.shareRegion(this.#handle, offset, length), offset, length, why)
  }

  detach(buffer: ArrayBuffer): void {
    this.#check(this.#addon.detachView(this.#handle, buffer), 'detach', 0, 0)
  }

  read(offset: number, target: Uint8Array): FaultRecord | undefined {
    this.#results[OFFSET] = offset
    const answer = this.#addon.readRegion(this.#handle, target)
    return answer === undefined ? undefined : this.#faultOr(answer, offset, target.length)
  }

  write(offset: number, source: Uint8Array): FaultRecord | undefined {
    this.#results[OFFSET] = offset
    const answer = this.#addon.writeRegion(this.#handle, source)
    return answer === undefined ? undefined : this.#faultOr(answer, offset, source.length)
  }

  async readAsync(offset: number, target: Uint8Array): Promise<FaultRecord | undefined> {
    this.#results[OFFSET] = offset
    return this.#settle(this.#addon.readRegionAsync(this.#handle, target), 'read', offset, target.length)
  }

  async writeAsync(offset: number, source: Uint8Array): Promise<FaultRecord | undefined> {
    this.#results[OFFSET] = offset
    return this.#settle(this.#addon.writeRegionAsync(this.#handle, source), 'write', offset, source.length)
  }

  async msyncAsync(offset: number, length: number, flags: number): Promise<void> {
    await this.#settle(this.#addon.msyncRegion(this.#handle, offset, length, flags), 'msync', offset, length)
  }

  async madviseAsync(offset: number, length: number, advice: number): Promise<void> {
    await this.#settle(this.#addon.madviseRegion(this.#handle, offset, length, advice), 'madvise', offset, length)
  }

  wait(offset: number, expected: number, timeout: number): WaitResult | FaultRecord {
    let answer = this.#addon.waitRegion(this.#handle, offset, expected, timeout)
    if (answer === 0) return 'ok'
    // The kernel brings the page of the word in by itself. Where it can't, a read does, or says why it can't either.
    if (answer === EFAULT) {
      const fault = this.read(offset, bytesOfWord)
      if (fault !== undefined) return fault
      answer = this.#addon.waitRegion(this.#handle, offset, expected, timeout)
    }
    if (answer === NOT_EQUAL) return 'not-equal'
    return this.#check(answer, 'futex', offset, 4) === TIME_IS_UP ? 'timed-out' : 'ok'
  }

  waitAsync(offset: number, expected: number, timeout: number): WordWait {
    const answer = this.#addon.waitRegionAsync(this.#handle, offset, expected, timeout)
    const key = typeof answer === 'number' ? 0 : this.#results[0]!
    return { result: this.#ended(answer, offset), end: () => this.#addon.endWait(key) }
  }

  async #ended(pending: Promise<AsyncAnswer> | number, offset: number): Promise<'ok' | 'timed-out'> {
    const code = typeof pending === 'number' ? pending : (await pending)[0]
    if (code === ENXIO)
      throw new UsageError('ERR_VMAREA_UNMAPPED', 'the memory was unmapped or moved while a wait was pending')
    return this.#check(code, 'futex', offset, 4) === TIME_IS_UP ? 'timed-out' : 'ok'
  }

  notify(offset: number, count: number): number | FaultRecord {
    let answer = this.#addon.notifyRegion(this.#handle, offset, count)
    if (answer === EFAULT) {
      const fault = this.read(offset, bytesOfWord)
      if (fault !== undefined) return fault
      answer = this.#addon.notifyRegion(this.#handle, offset, count)
    }
    return this.#check(answer, 'futex', offset, 4)
  }

  /** Holds flags of `VM` of a part, for all threads: `set` beside the kernel's own, and `cleared` of `VM.MAYREAD` and its sisters. */
  holdFlags(offset: number, length: number, set: bigint, cleared: bigint): void {
    this.#check(
      this.#addon.holdFlags(this.#handle, offset, length, Number(set), Number(cleared)),
      'hold',
      offset,
      length,
    )
  }

  get faults(): number {
    return this.#check(this.#addon.regionFaults(this.#handle), 'faults', 0, 0)
  }

  get fault(): FaultRecord | undefined {
    // Usually no region of this thread has a fault, and the answer requires no call.
    if (Atomics.load(this.#counters, COUNTER.UNSETTLED) === 0) return undefined
    const answer = this.#addon.regionFault(this.#handle)
    return answer === 0 ? undefined : this.#faultOr(answer, 0, 0)
  }

  restore(): void {
    this.#check(this.#addon.restoreRegion(this.#handle), 'mremap', 0, this.#length)
    this.keeper?.restored(this)
  }

  #check(answer: number, syscall: string, offset: number, length: number): number {
    if (answer >= 0) return answer
    if (answer === ENXIO) throw gone()
    throw new VmError(answer, syscall, { address: this.start + BigInt(offset), length })
  }

  #buffer<Buffer>(answer: Buffer | number, offset: number, length: number, whyNone: string): Buffer {
    if (typeof answer !== 'number') return answer
    if (answer === EOPNOTSUPP) throw new UsageError('ERR_VMAREA_NO_VIEW', whyNone)
    if (answer === EADDRNOTAVAIL) throw new UsageError('ERR_VMAREA_NO_VIEW', NULL_ADDRESS)
    this.#check(answer, 'view', offset, length)
    throw new VmError('ENOMEM', 'view', { length })
  }

  #faultOr(answer: number, offset: number, length: number): FaultRecord {
    if (answer === EDEADLK) throw waitsForItself(this.start + BigInt(offset), length)
    if (answer !== EFAULT) this.#check(answer, 'copy', offset, length)
    const [address, access, reason] = this.#results as unknown as [number, number, number]
    return faultFrom(address, access, reason)
  }

  async #settle(
    pending: Promise<AsyncAnswer> | number,
    syscall: string,
    offset: number,
    length: number,
  ): Promise<FaultRecord | undefined> {
    // Check the other side of the copy first: a bad one fails at once.
    if (pending === EFAULT) return this.#faultOr(pending, offset, length)
    const [code, address, access, reason] = typeof pending === 'number' ? [pending, 0, 0, 0] : await pending
    // Only a copy reports a fault; for madvise EFAULT is an error like others.
    if (code === EFAULT && reason !== 0) return faultFrom(address, access, reason)
    this.#check(code, syscall, offset, length)
    return undefined
  }
}

const NULL_ADDRESS = 'this JavaScript engine has no buffer at address 0: use read and write, which work here'

function waitsForItself(address: bigint, length: number): UsageError {
  return new UsageError(
    'ERR_VMAREA_WOULD_DEADLOCK',
    `${length} bytes at ${hex(address)} have a page whose fault only this thread could answer, and it would wait in the access: ` +
      'answer the fault first, or read it on another thread',
  )
}

function gone(): UsageError {
  return new UsageError('ERR_VMAREA_UNMAPPED', 'the memory was unmapped')
}
