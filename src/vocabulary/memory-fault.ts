import { hex } from './hex.js'

/** The kind of access that faulted. */
export type FaultAccess = 'read' | 'write' | 'execute'

/**
 * Why an access could not be served:
 *
 * - `no-access`: the page has no permission at all, or is reserved and not committed
 * - `read-only`: a write to a page that can only be read
 * - `past-end-of-file`: the file ends before this page (it was truncated, or the mapping reaches past it)
 * - `unmapped`: the memory was unmapped
 * - `poisoned`: the page was poisoned, by the hardware or by the server of its faults
 * - `driver`: the driver behind the memory failed
 * - `swap`: the page could not be brought back from where it was swapped to
 * - `io`: the file system could not read the page, or had no space for it
 */
export type FaultReason =
  | 'no-access'
  | 'read-only'
  | 'past-end-of-file'
  | 'unmapped'
  | 'poisoned'
  | 'driver'
  | 'swap'
  | 'io'

/** The fields of a {@link MemoryFault}, and what caused it. */
export interface MemoryFaultDetail {
  readonly address: bigint
  readonly offset: number
  readonly access: FaultAccess
  readonly reason: FaultReason
  /** More on the reason: a sentence. */
  readonly why?: string
  readonly cause?: unknown
}

const because: Record<FaultReason, string> = {
  'no-access': 'the page has no access permission',
  'read-only': 'the page is read-only',
  'past-end-of-file': 'the file ends before this page',
  unmapped: 'the memory was unmapped',
  poisoned: 'the page is poisoned',
  driver: 'the driver behind the page failed',
  swap: 'the page could not be brought back from its store',
  io: 'the file system could not provide the page',
}

/**
 * An access that the memory could not serve. The access was contained: the process continues and the file on disk is unchanged. Do not use
 * a result that was computed from the access.
 */
export class MemoryFault extends Error {
  /** Always `'MemoryFault'`. */
  override readonly name: string = 'MemoryFault'
  /** Always `'ERR_VMAREA_FAULT'`. */
  readonly code = 'ERR_VMAREA_FAULT'
  /** The address of the access, or of its page where the processor reports no more. */
  readonly address: bigint
  /** The address, counted in bytes from the mapping's first byte; `NaN` where the mapping was gone before the fault was reported. */
  readonly offset: number
  /** Whether the access was a read, a write or an execution. */
  readonly access: FaultAccess
  /** Why the access could not be served. */
  readonly reason: FaultReason

  /** The library throws such faults; a program makes one only for its tests. */
  constructor({ address, offset, access, reason, why, ...rest }: MemoryFaultDetail) {
    super(
      `${access} at ${hex(address)}${Number.isNaN(offset) ? '' : ` (offset ${offset})`} failed: ${why ?? because[reason]}`,
      'cause' in rest ? { cause: rest.cause } : undefined,
    )
    this.address = address
    this.offset = offset
    this.access = access
    this.reason = reason
  }

  /** The fields for `JSON.stringify`: `name`, `message` and the properties, the address as a hexadecimal string. JSON has no bigint. */
  toJSON(): Record<string, unknown> {
    return { ...(this as object), name: this.name, message: this.message, address: hex(this.address) }
  }
}
