import { type Command, type CommandOption, HELP_OPTION } from '../command/command.js'
import { valueCompletion } from './value-completion.js'

/** A script by which fish completes the command line. */
export function fishCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name)
  return `# fish completion of vmarea: vmarea completion fish > ~/.config/fish/completions/vmarea.fish
function __vmarea_processes
    printf '%s\\n' self
    for file in /proc/*/comm
        set -l pid (string match -r '[0-9]+' $file); or continue
        set -l name (cat $file 2>/dev/null); or continue
        printf '%s\\t%s\\n' $pid $name
        printf '%s\\n' $name
    end
end

complete -c vmarea -f
complete -c vmarea -n __fish_use_subcommand -s h -l help -d 'the commands'
complete -c vmarea -n __fish_use_subcommand -s V -l version -d 'the version'
${commands.flatMap((command) => commandLines(command, names)).join('\n')}
`
}

function commandLines({ name, summary, options, complete }: Command, names: readonly string[]): string[] {
  const condition = quoted(`__fish_seen_subcommand_from ${name}`)
  const head = `complete -c vmarea -n ${condition}`
  return [
    `complete -c vmarea -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...operandArguments(complete, names).map((text) => `${head} ${text}`),
    ...Object.entries({ ...options, help: HELP_OPTION }).map(
      ([option, details]) => `${head} ${optionArguments(option, details)}`,
    ),
  ]
}

function optionArguments(name: string, option: CommandOption): string {
  const short = option.short === undefined ? '' : ` -s ${option.short}`
  return `-l ${name}${short}${valueArguments(option)} -d ${quoted(option.help)}`
}

function valueArguments(option: CommandOption): string {
  const completion = valueCompletion(option)
  switch (completion?.kind) {
    case undefined:
      return ''
    case 'words':
      return completion.isList
        ? ` -x -a ${quoted(`(__fish_append , ${completion.words.join(' ')})`)}`
        : ` -x -a ${quoted(completion.words.join(' '))}`
    case 'file':
      return ' -r -F'
    case 'folder':
      return ` -x -a '(__fish_complete_directories)'`
    default:
      return ' -x'
  }
}

function operandArguments(complete: Command['complete'], names: readonly string[]): string[] {
  switch (complete) {
    case 'process':
      return [`-a '(__vmarea_processes)'`]
    case 'process or file':
      return [`-a '(__vmarea_processes)'`, '-F']
    case 'file':
      return ['-F']
    case 'command':
      return [`-a ${quoted(names.join(' '))}`]
    default:
      return complete.length === 0 ? [] : [`-a ${quoted(complete.join(' '))}`]
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}
