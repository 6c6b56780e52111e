import type { FaultAccess, FaultReason } from '../vocabulary/memory-fault.js'

/** One contained fault, as the kernel's side knows it: it does not know mappings, so it has an address and no offset. */
export interface FaultRecord {
  readonly address: bigint
  readonly access: FaultAccess
  /** `past-end-of-file` may yet turn out to be `io`: only who knows the file can tell. */
  readonly reason: FaultReason
  /** Of `driver`, where nobody answered: in time, or at all because nobody serves any more, or because only who waits could. */
  readonly unanswered?: 'timeout' | 'no-server' | 'itself'
  /** What made a driver fail, where its kernel can tell. */
  readonly cause?: unknown
}
