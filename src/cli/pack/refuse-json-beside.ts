import { CommandError } from '../command-error.js'

/** Throws if the standard output, where `--json` prints, receives the file itself. */
export function refuseJsonBeside(output: string, what: 'packed' | 'unpacked'): void {
  if (output === '-') throw new CommandError(`with -o - the standard output is the ${what} file: leave --json out`)
}
