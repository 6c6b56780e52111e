import { hex } from './hex.js'

/** What the access that faulted was doing. */
export type FaultAccess = 'read' | 'write' | 'execute'

/**
 * Why an access could not be served:
 *
 * - `no-access`: the page has no permission at all, or is reserved and not committed
 * - `read-only`: a write to a page that can only be read
 * - `past-end-of-file`: the file ends before this page (it was cut short, or the mapping reaches past it)
 * - `unmapped`: the memory was given back
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

export interface MemoryFaultDetail {
  readonly address: bigint
  readonly offset: number
  readonly access: FaultAccess
  readonly reason: FaultReason
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
 * An access to memory that the memory did not allow. The access was contained: the process lives, the file on disk is
 * unchanged, and nothing that was computed from the access should be used.
 */
export class MemoryFault extends Error {
  override readonly name: string = 'MemoryFault'
  readonly code = 'ERR_VMAREA_FAULT'
  /** The address of the access, or of its page where the processor told no more. */
  readonly address: bigint
  /** The address, counted in bytes from the mapping's first byte. */
  readonly offset: number
  readonly access: FaultAccess
  readonly reason: FaultReason

  constructor({ address, offset, access, reason, ...rest }: MemoryFaultDetail) {
    super(
      `${access} at ${hex(address)} (offset ${offset}) failed: ${because[reason]}`,
      'cause' in rest ? { cause: rest.cause } : undefined,
    )
    this.address = address
    this.offset = offset
    this.access = access
    this.reason = reason
  }

  /** What `JSON.stringify` writes: `name`, `message` and the properties, the address as a hexadecimal string. JSON has no bigint. */
  toJSON(): Record<string, unknown> {
    return { ...(this as object), name: this.name, message: this.message, address: hex(this.address) }
  }
}
