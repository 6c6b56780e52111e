import { CommandError } from '../command-error.js'
import { reasonOf } from '../error-text.js'
import { EXIT } from '../exit-code.js'

/** Why a file can't be read or written, with the exit code that this has. */
export function fileError(verb: 'read' | 'write', path: string, error: NodeJS.ErrnoException): CommandError {
  const { code, message } = error
  if (code === 'EEXIST') return new CommandError(message, EXIT.FAILED)
  const refused = code === 'EACCES' || code === 'EPERM'
  const otherwise = verb === 'read' ? EXIT.USAGE : EXIT.FAILED
  return new CommandError(`can't ${verb} ${path}: ${reasonOf(error)}`, refused ? EXIT.NOT_PERMITTED : otherwise)
}
