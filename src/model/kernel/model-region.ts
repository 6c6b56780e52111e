import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Region } from '../../kernel/region.js'
import type { RegionKeeper } from '../../kernel/region-keeper.js'
import type { WaitResult } from '../../kernel/sharing/wait-result.js'
import type { WordWait } from '../../kernel/sharing/word-wait.js'
import { hex } from '../../vocabulary/hex.js'
import { MAP } from '../../vocabulary/map.js'
import { MREMAP } from '../../vocabulary/mremap.js'
import { PROT } from '../../vocabulary/prot.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { copyMemory } from '../faults/copy-memory.js'
import type { Mm } from '../structs/mm.js'
import type { ModelRegions } from './model-regions.js'
import type { ModelSystemCalls } from './model-system-calls.js'

/**
 * A range of a modelled address space that a program holds. It has no views, because its memory is not that of this process. So every
 * access is a call that reports its fault, and no view keeps addresses from being reused.
 */
export class ModelRegion implements Region {
  owner: object | undefined = undefined
  keeper: RegionKeeper | undefined = undefined
  readonly faults = 0
  readonly fault = undefined
  readonly pageSize: number
  readonly #mm: Mm
  readonly #calls: ModelSystemCalls
  readonly #regions: ModelRegions
  #start: bigint
  #length: number
  #gone = false

  constructor(mm: Mm, calls: ModelSystemCalls, regions: ModelRegions, start: bigint, length: number) {
    this.#mm = mm
    this.#calls = calls
    this.#regions = regions
    this.#start = start
    this.#length = length
    this.pageSize = mm.pageSize
    regions.held.add(this)
  }

  get start(): bigint {
    return this.#start
  }

  get length(): number {
    return this.#length
  }

  protect(offset: number, length: number, protection: number, previous: number): void {
    const address = this.#at(offset)
    const apply = () => {
      try {
        this.#calls.mprotect(address, length, protection)
      } catch (error) {
        // Undo the changes that were made before the failure.
        this.#calls.mprotect(address, length, previous)
        throw error
      }
    }
    if (this.keeper === undefined) apply()
    else this.keeper.protecting(this, offset, length, protection, apply)
  }

  replaceByNothing(offset: number, length: number): void {
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.NORESERVE | MAP.FIXED
    this.keeper?.unmapping?.(this)
    this.#calls.mmap(this.#at(offset), length, PROT.NONE, flags, -1, 0)
    this.#regions.waits.endIn(this.#at(offset), length)
    this.keeper?.unmapped(this, this.#at(offset), length)
  }

  split(at: number): ModelRegion {
    const start = this.#at(at)
    const rest = new ModelRegion(this.#mm, this.#calls, this.#regions, start, this.#length - at)
    this.#length = at
    this.keeper?.split(this, rest)
    return rest
  }

  absorb(next: Region): void {
    this.#at(0)
    const apply = () => {
      this.#length += next.length
      next.keeper = undefined
      ;(next as ModelRegion).#forget()
    }
    if (this.keeper === undefined) apply()
    else this.keeper.absorbing(this, next, apply)
  }

  resize(length: number): void {
    const oldStart = this.#at(0)
    const oldLength = this.#length
    this.keeper?.resizing?.(this, length)
    this.#start = this.#calls.mremap(oldStart, oldLength, length, MREMAP.MAYMOVE)
    const kept = this.#start === oldStart ? length : 0
    if (kept < oldLength) this.#regions.waits.endIn(oldStart + BigInt(kept), oldLength - kept)
    this.#length = this.#mm.roundUp(length)
    this.keeper?.resized(this, oldLength)
  }

  unmap(): void {
    if (this.#gone) return
    this.keeper?.unmapping?.(this)
    this.#calls.munmap(this.#start, this.#length)
    this.#regions.waits.endIn(this.#start, this.#length)
    this.#forget()
    const { keeper } = this
    this.keeper = undefined
    keeper?.unmapped(this, this.#start, this.#length)
  }

  view(): ArrayBuffer {
    throw noView()
  }

  share(): SharedArrayBuffer {
    throw noView()
  }

  detach(): void {}

  read(offset: number, target: Uint8Array): FaultRecord | undefined {
    return this.#copyNow(offset, target, false)
  }

  write(offset: number, source: Uint8Array): FaultRecord | undefined {
    return this.#copyNow(offset, source, true)
  }

  readAsync(offset: number, target: Uint8Array): Promise<FaultRecord | undefined> {
    return this.#copyLater(offset, target, false)
  }

  writeAsync(offset: number, source: Uint8Array): Promise<FaultRecord | undefined> {
    return this.#copyLater(offset, source, true)
  }

  async msyncAsync(offset: number, length: number, flags: number): Promise<void> {
    this.#calls.msync(this.#at(offset), length, flags)
  }

  async madviseAsync(offset: number, length: number, advice: number): Promise<void> {
    for (;;) {
      const waitsFor = this.#calls.madviseOrWait(this.#at(offset), length, advice)
      if (waitsFor === undefined) return
      const cause = await waitsFor
      if (cause !== undefined) throw new VmError('EFAULT', 'madvise', { address: this.#at(offset), length, cause })
    }
  }

  wait(offset: number, expected: number, timeout: number): WaitResult | FaultRecord {
    const seen = this.#look(offset)
    if (typeof seen !== 'number') return seen
    if (seen !== expected) return 'not-equal'
    // Nothing else of the machine runs before this call returns.
    if (timeout !== Infinity) return 'timed-out'
    throw new UsageError(
      'ERR_VMAREA_WOULD_BLOCK',
      `nothing could notify the word at ${hex(this.#at(offset))} while this call waits: use waitAsync, or a timeout`,
    )
  }

  waitAsync(offset: number, _expected: number, timeout: number): WordWait {
    const { holder, word } = this.#wordAt(offset)
    return this.#regions.waits.begin(this.#at(offset), holder, word, timeout)
  }

  notify(offset: number, count: number): number | FaultRecord {
    const seen = this.#look(offset)
    if (typeof seen !== 'number') return seen
    const { holder, word } = this.#wordAt(offset)
    return this.#mm.machine.futexes.wake(holder, word, count)
  }

  #look(offset: number): number | FaultRecord {
    const word = new Int32Array(1)
    return this.#copyNow(offset, new Uint8Array(word.buffer), false) ?? word[0]!
  }

  /** `get_futex_key`: a word of a file is the same for all that map it. */
  #wordAt(offset: number): { readonly holder: object; readonly word: number } {
    const address = Number(this.#at(offset))
    const vma = this.#mm.tree.lookup(address)
    if (vma?.file === undefined) return { holder: this.#mm, word: address }
    return { holder: vma.file.inode, word: vma.pgoff * this.pageSize + (address - vma.start) }
  }

  restore(): void {
    this.#at(0)
    this.keeper?.restored(this)
  }

  #copyNow(offset: number, bytes: Uint8Array, write: boolean): FaultRecord | undefined {
    const { done, fault, waitsFor, withdraw } = copyMemory(this.#mm, Number(this.#at(offset)), bytes, write)
    if (waitsFor === undefined) return fault
    if (withdraw !== undefined) {
      withdraw()
      throw new UsageError(
        'ERR_VMAREA_WOULD_DEADLOCK',
        `the page at ${hex(this.#start + BigInt(offset + done))} has a fault that only this thread could answer, and it would wait in the access: answer the fault first, or use readAsync or writeAsync`,
      )
    }
    throw new UsageError(
      'ERR_VMAREA_WOULD_BLOCK',
      `the access at ${hex(this.#start + BigInt(offset + done))} waits for an answer that can't come meanwhile: use readAsync or writeAsync`,
    )
  }

  async #copyLater(offset: number, bytes: Uint8Array, write: boolean): Promise<FaultRecord | undefined> {
    for (let from = 0; ; ) {
      const { done, fault, waitsFor } = copyMemory(this.#mm, Number(this.#at(offset)), bytes, write, from)
      if (waitsFor === undefined) return fault
      from = done
      const cause = await waitsFor
      if (cause === undefined) continue
      const address = this.#at(offset) + BigInt(done)
      return { address, access: write ? 'write' : 'read', reason: 'driver', cause }
    }
  }

  #at(offset: number): bigint {
    if (this.#gone) throw new UsageError('ERR_VMAREA_UNMAPPED', `the region at ${hex(this.#start)} was unmapped`)
    return this.#start + BigInt(offset)
  }

  #forget(): void {
    this.#gone = true
    this.#regions.held.delete(this)
  }
}

function noView(): UsageError {
  return new UsageError(
    'ERR_VMAREA_NO_VIEW',
    'modelled memory is not memory of this process: use read and write instead of a view',
  )
}
