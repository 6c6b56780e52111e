import type { FaultAccess, FaultReason } from '../vocabulary/memory-fault.js'

/** One contained fault, as the kernel reports it: by address, because the kernel does not know mappings and their offsets. */
export interface FaultRecord {
  readonly address: bigint
  readonly access: FaultAccess
  /** `past-end-of-file` may turn out to be `io`: that depends on the size of the file. */
  readonly reason: FaultReason
  /** For the reason `driver`, why there was no answer: it was late, no thread serves, or the waiter is the serving thread itself. */
  readonly unanswered?: 'timeout' | 'no-server' | 'itself'
  /** More on the reason than its name says: a sentence. */
  readonly why?: string
  /** The error that made a driver fail, where the kernel knows it. */
  readonly cause?: unknown
}
