import { UsageError } from '../usage-error.js'
import { showValue } from './show-value.js'

/** Reads an option. @throws UsageError `ERR_VMAREA_INVALID_ARGUMENT` with its name where a getter throws */
export function readValue(call: string, options: object, name: string): unknown {
  try {
    return options[name as keyof typeof options]
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : showValue(cause)
    throw new UsageError('ERR_VMAREA_INVALID_ARGUMENT', `${name} of ${call} can not be read: ${why}`, { cause })
  }
}
