import { fileCallError } from '../../vocabulary/errors/file-call-error.js'
import { hasProc } from './has-proc.js'

/**
 * The error of a function that can't do without a file of /proc. `does` says what the file is needed for, as in
 * `lists the areas of a process`.
 */
export function procError(error: unknown, path: string, does: string): unknown {
  return fileCallError(error, 'open', path, `this file ${does}, and ${whyNot((error as NodeJS.ErrnoException).code)}`)
}

function whyNot(code: string | undefined): string {
  if (!hasProc()) return 'no /proc is mounted here'
  if (code === 'ENOENT') return 'this kernel or container does not have it'
  if (code !== 'EACCES' && code !== 'EPERM') return 'it could not be opened'
  return 'a process that has changed its user may not read its own (prctl PR_SET_DUMPABLE)'
}
