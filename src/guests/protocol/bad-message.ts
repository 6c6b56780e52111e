import { UsageError } from '../../vocabulary/usage-error.js'

/** A monitor's message that can't be used. */
export function badMessage(why: string): UsageError {
  return new UsageError('ERR_VMAREA_BAD_MESSAGE', `the monitor's message can't be used: ${why}`)
}
