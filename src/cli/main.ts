#!/usr/bin/env node
import { writeSync } from 'node:fs'
import { debuglog } from 'node:util'
import { commandNamed } from './command/command-named.js'
import { commands } from './command/commands.js'
import { helpText } from './command/help-text.js'
import { overview } from './command/overview.js'
import { parseArguments } from './command/parse-arguments.js'
import { exitCodeOf } from './command-error.js'
import { errorText, reasonOf } from './error-text.js'
import { EXIT } from './exit-code.js'
import { version } from './version.js'

const debug = debuglog('vmarea')

async function run(name: string | undefined, args: readonly string[]): Promise<number> {
  if (name === undefined) {
    process.stderr.write(overview(commands))
    return EXIT.USAGE
  }
  if (name === '--help' || name === '-h') process.stdout.write(overview(commands))
  else if (name === '--version' || name === '-V') process.stdout.write(`${version()}\n`)
  else {
    const command = commandNamed(name, commands)
    const { help, values, operands } = parseArguments(command, args)
    if (!help) return command.run(values, operands, commands)
    process.stdout.write(helpText(command))
  }
  return EXIT.OK
}

const [name, ...args] = process.argv.slice(2)

// A reader may have seen enough: `vmarea maps 1234 | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') {
    if (commands.find((command) => command.name === name)?.outlivesReader) return
    process.exit(EXIT.OK)
  }
  // The rest of the command could not be shown.
  try {
    writeSync(2, `vmarea: can't write the output: ${reasonOf(error)}\n`)
  } catch {
    // Standard error is on the same disk, perhaps.
  }
  process.exit(EXIT.FAILED)
})
// Where the error can't be written, the exit code still says it.
process.stderr.on('error', () => {})

run(name, args).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    debug('%O', error)
    const known = commands.some((command) => command.name === name)
    process.stderr.write(`vmarea${known ? ` ${name}` : ''}: ${errorText(error)}\n`)
    process.exitCode = exitCodeOf(error)
  },
)
