import type { FaultRecord } from '../../kernel/fault-record.js'
import type { Region } from '../../kernel/region.js'
import { ensureStack } from '../../vocabulary/errors/ensure-stack.js'
import { hex } from '../../vocabulary/hex.js'
import { MemoryFault } from '../../vocabulary/memory-fault.js'
import { PROT } from '../../vocabulary/prot.js'
import { UsageError } from '../../vocabulary/usage-error.js'
import type { Backing } from './backing.js'
import { checkRange } from './check-range.js'
import { explainError } from './explain-error.js'
import type { MappingChange } from './observer.js'
import type { ProcessMemory } from './process-memory.js'
import type { RangeSet } from './range-set.js'
import { refuseWritableAndExecutable } from './refuse-writable-and-executable.js'

export interface HeldMemoryInit {
  readonly region: Region
  readonly lead: number
  readonly size: number
  readonly protection: number
  readonly backing: Backing
  readonly jit: boolean
  /** For a reservation, what of the region is committed, in bytes of the region. */
  readonly committed?: RangeSet | undefined
}

/**
 * The memory behind a mapping handle. A change of permission makes a new handle; this object passes from the old one to the new one.
 *
 *     region.start                                   a page
 *     |<-- lead -->|<----------- size ----------->|<-- slack -->|
 *                  the handle's first byte
 *
 * Offsets count from the handle's first byte; those of `committed` count from the region's.
 */
export class HeldMemory {
  readonly holdings: ProcessMemory
  region: Region
  lead: number
  size: number
  /** `PROT` of all of it; in a reservation, of the committed parts. */
  protection: number
  backing: Backing
  readonly jit: boolean
  committed: RangeSet | undefined
  gone = false

  #buffer: ArrayBuffer | undefined
  #bytes: Uint8Array<ArrayBuffer> | undefined
  #parts: Map<number, ArrayBuffer> | undefined
  #windows: WeakRef<ArrayBuffer>[] | undefined
  #shared: { readonly start: bigint; readonly bytes: Uint8Array<SharedArrayBuffer> } | undefined
  #reported = false
  #explained: FaultRecord | undefined

  constructor(holdings: ProcessMemory, { region, lead, size, protection, backing, jit, committed }: HeldMemoryInit) {
    this.holdings = holdings
    this.region = region
    this.lead = lead
    this.size = size
    this.protection = protection
    this.backing = backing
    this.jit = jit
    this.committed = committed
    region.owner = this
  }

  get start(): bigint {
    return this.region.start + BigInt(this.lead)
  }

  get end(): bigint {
    return this.start + BigInt(this.size)
  }

  /** The whole pages of the region that `[offset, offset + length)` touches, as offset and length in the region. */
  pages(offset: number, length: number): readonly [offset: number, length: number] {
    checkRange(offset, length, this.size)
    const { pageSize } = this.region
    const from = Math.floor((this.lead + offset) / pageSize) * pageSize
    const to = Math.ceil((this.lead + offset + length) / pageSize) * pageSize
    return [from, length === 0 ? 0 : to - from]
  }

  /** As `pages`, for calls that change whole pages: throws unless the range consists of them. The mapping's own end counts as a boundary. */
  wholePages(offset: number, length: number, what: string): readonly [offset: number, length: number] {
    const range = this.pages(offset, length)
    const aligned = this.lead + offset === range[0] || offset === 0
    const closed = this.lead + offset + length === range[0] + range[1] || offset + length === this.size
    if (length > 0 && aligned && closed) return range
    const { pageSize } = this.region
    throw new UsageError(
      'ERR_VMAREA_NOT_PAGE_ALIGNED',
      `${what} requires whole pages of ${pageSize} bytes, and the range from ${offset} to ${offset + length} does not begin and end on pages`,
    )
  }

  /** Throws unless the range lies in the mapping and, in a reservation, is committed. */
  checkCommitted(offset: number, length: number): void {
    checkRange(offset, length, this.size)
    if (this.committed === undefined || this.committed.covers(this.lead + offset, this.lead + offset + length)) return
    throw new UsageError(
      'ERR_VMAREA_NOT_COMMITTED',
      `the range from ${offset} to ${offset + length} is not committed as a whole: call commit() on it first`,
    )
  }

  // ---- bytes ----

  /** All bytes, as one array. The same one each time. */
  bytes(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes
    // The array is empty when the caller transferred its buffer to another thread.
    if (bytes !== undefined && bytes.length === this.size) return bytes
    this.checkCommitted(0, this.size)
    this.#bytes = this.#slice(this.#whole(), 0, this.size)
    return this.#bytes
  }

  view(offset: number, length: number): Uint8Array<ArrayBuffer> {
    this.checkCommitted(offset, length)
    if (this.#lead16 + this.size <= this.holdings.kernel.regions.longestView)
      return this.#slice(this.#whole(), offset, length)
    if (length === 0) return new Uint8Array(0)
    const within = this.#withinPart(offset, length)
    if (within !== undefined) return within
    const slack = (this.lead + offset) % 16
    this.#refuseTooLong(slack + length)
    const window = this.#open(this.lead + offset - slack, slack + length)
    this.#windows = this.#windows?.filter((reference) => reference.deref() !== undefined) ?? []
    this.#windows.push(new WeakRef(window))
    return new Uint8Array(window, slack, length)
  }

  /** All bytes over a SharedArrayBuffer. The same array while `start` and `size` are the same: a shared buffer can't be detached. */
  sharedBytes(): Uint8Array<SharedArrayBuffer> {
    this.checkShared('sharedBytes')
    const { start } = this
    if (this.#shared?.start === start && this.#shared.bytes.length === this.size) return this.#shared.bytes
    this.checkCommitted(0, this.size)
    const slack = this.#lead16
    this.#refuseTooLong(slack + this.size)
    const buffer = this.region.share(this.lead - slack, slack + this.size)
    this.holdings.listen()
    const bytes = new Uint8Array(buffer, slack, this.size)
    this.#shared = { start, bytes }
    return bytes
  }

  /** Throws unless other mappings of the same object see the writes to this one. */
  checkShared(what: string): void {
    if (this.backing.shared) return
    throw new UsageError(
      'ERR_VMAREA_NOT_SHARED',
      `${what} requires a shared mapping, and this one is private (${this.describe()}): map it with shared: true`,
    )
  }

  /** Detaches every view that was handed out, except over shared buffers: its length becomes 0. */
  detachViews(): void {
    if (this.#buffer !== undefined) this.region.detach(this.#buffer)
    if (this.#parts !== undefined) for (const part of this.#parts.values()) this.region.detach(part)
    if (this.#windows !== undefined) {
      for (const window of this.#windows) {
        const buffer = window.deref()
        if (buffer !== undefined) this.region.detach(buffer)
      }
    }
    this.#buffer = undefined
    this.#bytes = undefined
    this.#parts = undefined
    this.#windows = undefined
  }

  // A buffer begins up to 15 bytes before the first byte, so that offsets in the file and in the buffer are aligned alike for typed arrays.
  get #lead16(): number {
    return this.lead % 16
  }

  #whole(): ArrayBuffer {
    // The buffer is empty when the caller transferred it to another thread.
    if (this.#buffer === undefined || this.#buffer.byteLength === 0) {
      this.#refuseTooLong(this.#lead16 + this.size)
      this.#buffer = this.#open(this.lead - this.#lead16, this.#lead16 + this.size)
    }
    return this.#buffer
  }

  // What one buffer can't span is handed out from parts as long as one can be, each made once. The engine counts the length of a buffer as
  // memory that a collection might give back, and collects for each that is long: many buffers for the windows of a file would cost as many
  // collections. A window over the border of two parts has a buffer of its own.
  #withinPart(offset: number, length: number): Uint8Array<ArrayBuffer> | undefined {
    const { longestView } = this.holdings.kernel.regions
    const first = this.lead - this.#lead16
    const place = this.#lead16 + offset
    const index = Math.floor(place / longestView)
    const from = index * longestView
    if (place + length > from + longestView) return undefined
    this.#parts ??= new Map()
    let part = this.#parts.get(index)
    // A buffer that its holder transferred away is empty.
    if (part === undefined || part.byteLength === 0) {
      part = this.#open(first + from, Math.min(longestView, this.#lead16 + this.size - from))
      this.#parts.set(index, part)
    }
    return new Uint8Array(part, place - from, length)
  }

  #open(offset: number, length: number): ArrayBuffer {
    const buffer = this.region.view(offset, length)
    this.holdings.listen()
    return buffer
  }

  #slice(buffer: ArrayBuffer, offset: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(buffer, this.#lead16 + offset, length)
  }

  #refuseTooLong(length: number): void {
    const limit = this.holdings.kernel.regions.longestView
    if (length <= limit || limit === 0) return
    throw new UsageError(
      'ERR_VMAREA_VIEW_TOO_LARGE',
      `one ArrayBuffer spans at most ${limit} bytes, and the range has ${length}: take parts of it with view(offset, length)`,
    )
  }

  // ---- faults ----

  /** Throws while the memory has a fault that was not restored: none of its bytes may be used. */
  checkSettled(): void {
    const fault = this.region.fault
    if (fault !== undefined) throw this.faultError(fault)
  }

  /** The error for a fault of an operation on this memory. The fault may lie outside it: a copy has a source and a target. */
  faultError(fault: FaultRecord, cause?: { readonly cause: unknown }): MemoryFault {
    const { start, length } = this.region
    if (fault.address < start || fault.address >= start + BigInt(length)) return this.holdings.faultError(fault, cause)
    const offset = Number(fault.address - this.start)
    return new MemoryFault({ ...this.#explainedBy(this.backing, fault, offset), offset, ...cause })
  }

  /** Puts the true pages back at every contained fault. */
  restore(): void {
    ensureStack()
    this.region.restore()
    this.#explained = undefined
    this.tellChange('restore')
  }

  /** Whether this is the first fault that is reported: true once. */
  reportOnce(): boolean {
    const first = !this.#reported
    this.#reported = true
    return first
  }

  // A device reports the cause of a fault once, and a fault that no access has thrown is explained at each look: keep the explanation.
  #explainedBy(backing: Backing, fault: FaultRecord, offset: number): FaultRecord {
    const unanswered = this.region.fault?.address === fault.address
    if (unanswered && this.#explained?.address === fault.address) return this.#explained
    const known = this.region.keeper?.explain?.(fault) ?? fault
    const explained = backing.explain(known, offset, this.region.pageSize)
    if (unanswered) this.#explained = explained
    return explained
  }

  // ---- permission ----

  /** Changes the protection of all committed parts. On an error no part has changed and the views live. */
  protect(protection: number): void {
    if ((protection & (PROT.WRITE | PROT.EXEC)) === (PROT.WRITE | PROT.EXEC)) refuseWritableAndExecutable(this.jit)
    this.checkSettled()
    ensureStack()
    const done: (readonly [offset: number, length: number])[] = []
    try {
      for (const [from, to] of this.committed?.within(0, this.region.length) ?? [[0, this.region.length] as const]) {
        this.region.protect(from, to - from, protection, this.protection)
        done.push([from, to - from])
      }
    } catch (error) {
      for (const [offset, length] of done) this.region.protect(offset, length, this.protection, protection)
      throw this.explain(error, this.region.length, protection)
    }
    this.detachViews()
    this.protection = protection
    this.tellChange('protect')
  }

  unmap(): void {
    ensureStack()
    // Unmap before detaching, because it can fail: after an error the views still work.
    try {
      this.region.unmap()
    } catch (error) {
      throw this.explain(error, this.region.length)
    }
    this.detachViews()
    this.gone = true
    this.tellChange('unmap')
  }

  tellChange(change: MappingChange): void {
    this.holdings.observer?.change(change, this)
  }

  /** The error with the limit that the call met, or what is known of the file. `protection` is what the call asked for. */
  explain(error: unknown, length: number, protection: number = this.protection): unknown {
    const noReserve = this.committed !== undefined
    return explainError(this.holdings.kernel, error, length, { backing: this.backing, protection, noReserve })
  }

  describe(): string {
    const range = `${hex(this.start)}-${hex(this.end)}`
    const rights = `${this.protection & PROT.READ ? 'r' : '-'}${this.protection & PROT.WRITE ? 'w' : '-'}${this.protection & PROT.EXEC ? 'x' : '-'}`
    return `${range}, ${this.size} bytes, ${rights}, ${this.backing.shared ? 'shared' : 'private'}, ${this.backing.describe()}`
  }
}
