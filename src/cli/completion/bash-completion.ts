import type { Command, CommandOption } from '../command/command.js'
import { valueCompletion } from './value-completion.js'

/** A script by which bash completes the command line. */
export function bashCompletion(commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name)
  return `# bash completion of vmarea: eval "$(vmarea completion bash)" in ~/.bashrc
_vmarea_words() { COMPREPLY=($(compgen -W "$1" -- "$current")); }

_vmarea_list() {
  local last=\${current##*,}
  COMPREPLY=($(compgen -P "\${current%"$last"}" -W "$1" -- "$last"))
}

_vmarea_files() {
  compopt -o filenames 2>/dev/null
  local IFS=$'\\n'
  COMPREPLY=($(compgen "$1" -- "$current"))
}

_vmarea_processes() {
  local folder name words=self
  for folder in /proc/[0-9]*; do
    { read -r name <"$folder/comm"; } 2>/dev/null || continue
    words+=" \${folder#/proc/}"
    case $name in *[!a-zA-Z0-9_.-]*) ;; *) words+=" $name" ;; esac
  done
  _vmarea_words "$words"
}

_vmarea_processes_and_files() {
  _vmarea_files -f
  local files=("\${COMPREPLY[@]}")
  _vmarea_processes
  COMPREPLY+=("\${files[@]}")
}

_vmarea() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  # Readline takes the = of --option=value for a word.
  if [ "$current" = = ]; then
    current=
  elif [ "$previous" = = ]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [ "$COMP_CWORD" = 1 ]; then
    _vmarea_words "${[...names, '--help', '--version'].join(' ')}"
    return
  fi
  case "$command $previous" in
${commands.flatMap((command) => Object.entries(command.options).flatMap(([name, option]) => valueCase(command, name, option))).join('\n')}
  esac
  case "$command $current" in
${commands.map((command) => `    "${command.name} -"*) _vmarea_words "${optionWords(command).join(' ')}" ;;`).join('\n')}
${commands.map((command) => `    "${command.name} "*) ${operandAction(command, names)} ;;`).join('\n')}
  esac
}

complete -F _vmarea vmarea
`
}

function valueCase({ name: command }: Command, name: string, option: CommandOption): string[] {
  const completion = valueCompletion(option)
  if (completion === undefined) return []
  const patterns = [`--${name}`, ...(option.short === undefined ? [] : [`-${option.short}`])]
  const action = {
    words: () =>
      completion.kind !== 'words'
        ? ''
        : `${completion.isList ? '_vmarea_list' : '_vmarea_words'} "${completion.words.join(' ')}"; `,
    file: () => '_vmarea_files -f; ',
    folder: () => '_vmarea_files -d; ',
    none: () => '',
  }[completion.kind]()
  return [`    ${patterns.map((pattern) => `"${command} ${pattern}"`).join(' | ')}) ${action}return ;;`]
}

function optionWords({ options }: Command): string[] {
  return [...Object.keys(options), 'help'].map((name) => `--${name}`)
}

function operandAction({ complete }: Command, names: readonly string[]): string {
  switch (complete) {
    case 'process':
      return '_vmarea_processes'
    case 'process or file':
      return '_vmarea_processes_and_files'
    case 'file':
      return '_vmarea_files -f'
    case 'command':
      return `_vmarea_words "${names.join(' ')}"`
    default:
      return complete.length === 0 ? ':' : `_vmarea_words "${complete.join(' ')}"`
  }
}
