import type { FaultAccess, FaultReason } from '../vocabulary/memory-fault.js'

/** One contained fault, as the kernel's side knows it: it does not know mappings, so it has an address and no offset. */
export interface FaultRecord {
  readonly address: bigint
  readonly access: FaultAccess
  /** `past-end-of-file` may turn out to be `io`: that depends on the size of the file. */
  readonly reason: FaultReason
  /** Of `driver`, why there was no answer: late, no thread serves, or the waiter is the serving thread itself. */
  readonly unanswered?: 'timeout' | 'no-server' | 'itself'
  /** What made a driver fail, where its kernel can tell. */
  readonly cause?: unknown
}
