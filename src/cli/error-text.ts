import { ERRNO, type ErrnoName } from '../vocabulary/errno.js'
import { VmError } from '../vocabulary/vm-error.js'

/** What the command says of an error: a sentence for the user, without the names of calls. */
export function errorText(error: unknown): string {
  if (error instanceof VmError && error.code === 'ESRCH') return 'the process has ended, or runs another program now'
  return error instanceof Error ? error.message : String(error)
}

/** Why a call on a file failed, in the words of the system. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  // Node writes `CODE: reason, call 'path'`.
  return ERRNO[code as ErrnoName]?.[1] ?? message.replace(/^[A-Z\d]+: /, '').replace(/, \w+( '.*)?$/s, '')
}
