import type { FaultRecord } from '../../kernel/fault-record.js'

/** A fault in memory that is no device's. A swap that the guard served has ended, and left a page that it could not bring back. */
export function withoutServer(fault: FaultRecord): FaultRecord {
  return fault.reason === 'driver' ? { ...fault, reason: 'poisoned' } : fault
}
