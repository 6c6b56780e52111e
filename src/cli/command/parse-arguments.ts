import { parseArgs } from 'node:util'
import { nearest } from '../../vocabulary/nearest.js'
import { CommandError } from '../command-error.js'
import { type Command, type CommandOption, HELP_OPTION, type OptionValues } from './command.js'

/** What was given to a command. */
export interface ParsedArguments {
  readonly help: boolean
  readonly values: OptionValues<Command['options']>
  readonly operands: readonly string[]
}

/** Reads the arguments of a command by its table of options. Throws `CommandError` with the nearest option for one that does not exist. */
export function parseArguments(command: Command, args: readonly string[]): ParsedArguments {
  const options: Readonly<Record<string, CommandOption>> = { ...command.options, help: HELP_OPTION }
  const parsing = Object.entries(options).map(([name, { type, short }]) => [
    name,
    short === undefined ? { type } : { type, short },
  ])
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(parsing),
  })
  const values: Record<string, unknown> = {}
  for (const [name, { type, multiple }] of Object.entries(options))
    values[name] = type === 'boolean' ? false : multiple ? [] : undefined
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const option = options[token.name]
    if (option === undefined || !Object.hasOwn(options, token.name)) throw unknown(command, token.rawName, options)
    if (option.type === 'boolean') {
      if (token.value !== undefined)
        throw new CommandError(`${token.rawName} takes no value, and has ${JSON.stringify(token.value)}`)
      values[token.name] = true
    } else {
      const value = readValue(option, token)
      // Of a few words several can stand in one list.
      const list = option.multiple && option.choices !== undefined ? value.split(',') : [value]
      for (const one of list) checkChoice(option, token.rawName, one)
      if (option.multiple) (values[token.name] as string[]).push(...list)
      else values[token.name] = value
    }
  }
  const { help, ...given } = values
  return { help: help === true, values: given as ParsedArguments['values'], operands }
}

function readValue(
  { value: placeholder = 'VALUE' }: CommandOption,
  { rawName, value, inlineValue }: { rawName: string; value?: string | undefined; inlineValue?: boolean | undefined },
): string {
  if (value === undefined) throw new CommandError(`${rawName} requires a value: ${rawName} ${placeholder}`)
  if (!inlineValue && /^-./.test(value))
    throw new CommandError(
      `${rawName} requires a value, and ${JSON.stringify(value)} looks like an option: if it is meant, write ${rawName}=${value}`,
    )
  return value
}

function checkChoice({ choices }: CommandOption, rawName: string, value: string): void {
  if (choices === undefined || choices.includes(value)) return
  const guess = nearest(value, choices)
  throw new CommandError(
    `${rawName} can't be ${JSON.stringify(value)}${guess === undefined ? '' : `, did you mean ${guess}?`} (${choices.join(', ')})`,
  )
}

function unknown(command: Command, rawName: string, options: Readonly<Record<string, CommandOption>>): CommandError {
  const guess = nearest(rawName.replace(/^-+/, ''), Object.keys(options))
  const hint = guess === undefined ? '' : `, did you mean --${guess}?`
  return new CommandError(`there is no option ${rawName}${hint} (vmarea ${command.name} --help lists them)`)
}
