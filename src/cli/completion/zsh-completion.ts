import { type Command, type CommandOption, HELP_OPTION } from '../command/command.js'
import { valueCompletion } from './value-completion.js'

/** A script by which zsh completes the command line. */
export function zshCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name)
  return `#compdef vmarea
# zsh completion of vmarea: source <(vmarea completion zsh) in ~/.zshrc, after compinit
_vmarea_processes() {
  local folder name
  local -a words=(self)
  for folder in /proc/[0-9]*(N); do
    { read -r name <$folder/comm } 2>/dev/null || continue
    words+=(\${folder#/proc/} $name)
  done
  compadd -a words
}

_vmarea_process_or_file() { _vmarea_processes || _files }

_vmarea() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C '(- *)'{-h,--help}'[the commands]' '(- *)'{-V,--version}'[the version]' '1:command:->command' '*::operand:->operand'
  case $state in
    command)
      local -a commands=(
${commands.map(({ name, summary }) => `        ${quoted(`${name}:${summary}`)}`).join('\n')}
      )
      _describe command commands
      ;;
    operand)
      curcontext="\${curcontext%:*}-$words[1]:"
      case $words[1] in
${commands.map((command) => commandCase(command, names)).join('\n')}
      esac
      ;;
  esac
}

if [ "$funcstack[1]" = _vmarea ]; then
  _vmarea "$@"
else
  compdef _vmarea vmarea
fi
`
}

function commandCase({ name, options, complete }: Command, names: readonly string[]): string {
  const specs = Object.entries({ ...options, help: HELP_OPTION }).map(([option, details]) =>
    optionSpec(option, details),
  )
  const lines = ['_arguments -s -S', ...specs, quoted(`*:operand:${operandAction(complete, names)}`)]
  return `        ${name})\n          ${lines.join(' \\\n            ')}\n          ;;`
}

/** `'(-s --sort)'{-s,--sort}'[the order]:KEY:(address size)'`. */
function optionSpec(name: string, option: CommandOption): string {
  const { short, multiple, help, value } = option
  const long = `--${name}${option.type === 'string' ? '=' : ''}`
  const forms = short === undefined ? [long] : [`-${short}${option.type === 'string' ? '+' : ''}`, long]
  const exclusion = multiple ? "'*'" : quoted(`(${short === undefined ? '' : `-${short} `}--${name})`)
  const action = option.type === 'string' ? `:${value ?? 'value'}:${valueAction(option)}` : ''
  const rest = quoted(`[${help.replaceAll(/[[\]\\:]/g, '\\$&')}]${action}`)
  return forms.length === 1 ? `${exclusion}${forms[0]}${rest}` : `${exclusion}{${forms.join(',')}}${rest}`
}

function valueAction(option: CommandOption): string {
  const completion = valueCompletion(option)
  switch (completion?.kind) {
    case 'words':
      return completion.isList
        ? `{_values -s , value ${completion.words.join(' ')}}`
        : `(${completion.words.join(' ')})`
    case 'file':
      return '_files'
    case 'folder':
      return '_files -/'
    default:
      return ' '
  }
}

function operandAction(complete: Command['complete'], names: readonly string[]): string {
  switch (complete) {
    case 'process':
      return '_vmarea_processes'
    case 'process or file':
      return '_vmarea_process_or_file'
    case 'file':
      return '_files'
    case 'command':
      return `(${names.join(' ')})`
    default:
      return complete.length === 0 ? ' ' : `(${complete.join(' ')})`
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
