import type { FaultRecord } from '../../kernel/fault-record.js'
import type { FaultAccess, FaultReason } from '../../vocabulary/memory-fault.js'

const accesses: readonly FaultAccess[] = ['read', 'write', 'execute']
const reasons: readonly FaultReason[] = [
  'no-access',
  'no-access',
  'read-only',
  'past-end-of-file',
  'unmapped',
  'poisoned',
  'driver',
  'driver',
  'driver',
  'driver',
]
const unanswered: Readonly<Record<number, FaultRecord['unanswered']>> = { 7: 'itself', 8: 'timeout', 9: 'no-server' }

/** The fault for the numbers of the addon. */
export function faultFrom(address: number, access: number, reason: number): FaultRecord {
  const why = unanswered[reason]
  return {
    address: BigInt(address),
    access: accesses[access] ?? 'read',
    reason: reasons[reason] ?? 'no-access',
    ...(why === undefined ? {} : { unanswered: why }),
  }
}
