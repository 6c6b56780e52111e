import { VmError } from '../vocabulary/vm-error.js'

/** Throws `ENOMEM` where a call would bring more bytes into memory than the resident limit. */
export function checkResidentLimit(length: number, limit: number): void {
  if (length <= limit) return
  const hint = `no more than residentLimit, ${limit} bytes, may be in memory`
  throw new VmError('ENOMEM', 'fault', { length, hint })
}
