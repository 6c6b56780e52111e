import { VmError } from '../vocabulary/vm-error.js'
import { EXIT } from './exit-code.js'

/** What the command can't do, in a sentence for the user who typed it. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.USAGE) {
    super(message)
    this.exitCode = exitCode
  }
}

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode
  if (error instanceof VmError) {
    if (error.code === 'ESRCH') return EXIT.NO_SUCH_PROCESS
    if (error.code === 'EACCES' || error.code === 'EPERM') return EXIT.NOT_PERMITTED
  }
  return EXIT.FAILED
}
