import { VmError } from '../vocabulary/vm-error.js'

/** Throws `ENOMEM` where more bytes are to be brought into memory than may be there at once. */
export function checkResidentLimit(length: number, limit: number): void {
  if (length <= limit) return
  const hint = `no more than residentLimit, ${limit} bytes, may be in memory`
  throw new VmError('ENOMEM', 'fault', { length, hint })
}
