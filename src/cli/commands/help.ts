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
  options: {
    man: { type: 'boolean', help: 'the manual page of all commands, for man' },
    json: { type: 'boolean', help: 'for programs: the commands with their operands, options and examples' },
  },
  examples: ['vmarea help maps', 'vmarea help --man | man -l -'],
  async run(values, [name, ...more], commands) {
    if (more.length > 0) throw new CommandError('help of one command at a time')
    if (values.man) {
      if (name !== undefined) throw new CommandError('the manual page has all commands: leave COMMAND out')
      process.stdout.write((await import('../command/man-page.js')).manPage(commands))
      return EXIT.OK
    }
    if (values.json) {
      const shown = name === undefined ? commands : [commandNamed(name, commands)]
      const described = shown.map(({ complete: _, description, ...command }) => ({
        ...command,
        description: description.map((paragraph) => paragraph.replaceAll(/\s+/g, ' ')),
      }))
      process.stdout.write(`${JSON.stringify({ version: 1, commands: described })}\n`)
      return EXIT.OK
    }
    process.stdout.write(name === undefined ? overview(commands) : helpText(commandNamed(name, commands)))
    return EXIT.OK
  },
})
