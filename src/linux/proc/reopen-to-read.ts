import { openSync } from 'node:fs'
import { procError } from './proc-error.js'

/** Opens the file of a descriptor again, to be read alone. Throws `VmError`. */
export function reopenToRead(descriptor: number): number {
  const path = `/proc/self/fd/${descriptor}`
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw procError(error, path, 'opens the pages of a device to be read alone, as a private map of them must')
  }
}
