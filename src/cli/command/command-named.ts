import { nearest } from '../../vocabulary/nearest.js'
import { CommandError } from '../command-error.js'
import type { Command } from './command.js'

/** The command of that name. Throws `CommandError` with the nearest. */
export function commandNamed(name: string, commands: readonly Command[]): Command {
  const found = commands.find((command) => command.name === name)
  if (found !== undefined) return found
  const guess = nearest(
    name,
    commands.map((command) => command.name),
  )
  const hint = guess === undefined ? '' : `, did you mean ${guess}?`
  throw new CommandError(`there is no command ${JSON.stringify(name)}${hint} (vmarea --help lists them)`)
}
