import { readFileSync } from 'node:fs'
import { procError } from './proc-error.js'

/** The text of a file of /proc, which `does` something that the caller can't do without. Throws `VmError`: see `procError`. */
export function readProcFile(path: string, does: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    throw procError(error, path, does)
  }
}
