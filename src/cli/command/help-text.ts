import { wrap } from '../wrap.js'
import { type Command, type CommandOption, HELP_OPTION } from './command.js'

const WIDTH = 80

/** What `vmarea COMMAND --help` prints. */
export function helpText(command: Command): string {
  const { name, operands, summary, description, options, examples } = command
  const lines = [...wrap(`vmarea ${name}${operands === '' ? '' : ` ${operands}`}: ${summary}`, WIDTH)]
  for (const paragraph of description) lines.push('', ...wrap(paragraph.replaceAll(/\s+/g, ' '), WIDTH))
  const rows = Object.entries({ ...options, help: HELP_OPTION }).map(
    ([option, details]) => [syntaxOf(option, details), details] as const,
  )
  lines.push('')
  const column = Math.min(Math.max(...rows.map(([syntax]) => syntax.length)), 22) + 4
  for (const [syntax, details] of rows) {
    const [first = '', ...more] = wrap(sentenceOf(details), WIDTH - 2 - column)
    if (syntax.length > column - 2) lines.push(`  ${syntax}`, `  ${' '.repeat(column)}${first}`)
    else lines.push(`  ${syntax.padEnd(column)}${first}`)
    for (const line of more) lines.push(`  ${' '.repeat(column)}${line}`)
  }
  lines.push('', ...examples.map((example) => `  ${example}`))
  return `${lines.join('\n')}\n`
}

/** `-o, --output FILE`. */
export function syntaxOf(name: string, { type, short, value, choices }: CommandOption): string {
  const placeholder = value ?? (choices === undefined ? 'VALUE' : choices.join('|'))
  const shown = type === 'boolean' ? '' : ` ${placeholder}`
  return `${short === undefined ? '' : `-${short}, `}--${name}${shown}`
}

/** What an option does, with the values that it takes where its syntax does not list them. */
export function sentenceOf({ help, value, choices }: CommandOption): string {
  return choices === undefined || value === undefined ? help : `${help}: ${choices.join(', ')}`
}
