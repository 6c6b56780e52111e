import { type Command, defineCommand } from '../command/command.js'
import { commandNamed } from '../command/command-named.js'
import { helpText } from '../command/help-text.js'
import { overview } from '../command/overview.js'
import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'

export const helpCommand: Command = defineCommand({
  name: 'help',
  operands: '[COMMAND]',
  complete: 'command',
  summary: 'what a command does, its options and examples',
  description: ['Without COMMAND it lists the commands. vmarea COMMAND --help does the same.'],
  options: {},
  examples: ['vmarea help maps'],
  run(_, [name, ...more], commands) {
    if (more.length > 0) throw new CommandError('help of one command at a time')
    process.stdout.write(name === undefined ? overview(commands) : helpText(commandNamed(name, commands)))
    return EXIT.OK
  },
})
