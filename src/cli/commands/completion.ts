import { nearest } from '../../vocabulary/nearest.js'
import { type Command, defineCommand } from '../command/command.js'
import { CommandError } from '../command-error.js'
import { EXIT } from '../exit-code.js'

const SHELLS = ['bash', 'zsh', 'fish'] as const

export const completionCommand: Command = defineCommand({
  name: 'completion',
  operands: 'bash|zsh|fish',
  complete: SHELLS,
  summary: 'a script by which a shell completes the command line',
  description: [
    'The script completes commands, options, their values, processes and files.',
    `For bash put eval "$(vmarea completion bash)" into ~/.bashrc, for zsh source <(vmarea completion zsh) into ~/.zshrc after compinit,
    and for fish write the script to ~/.config/fish/completions/vmarea.fish.`,
  ],
  options: { json: { type: 'boolean', help: 'for programs: the shell and its script in one object' } },
  examples: ['eval "$(vmarea completion bash)"', 'vmarea completion fish > ~/.config/fish/completions/vmarea.fish'],
  async run({ json }, [shell, ...more], commands) {
    const known = SHELLS.find((name) => name === shell)
    if (known === undefined || more.length > 0) {
      const guess = shell === undefined ? undefined : nearest(shell, SHELLS)
      throw new CommandError(
        `completion requires one shell: ${SHELLS.join(', ')}${guess === undefined || known !== undefined ? '' : ` (did you mean ${guess}?)`}`,
      )
    }
    const { completionScript } = await import('../completion/completion-script.js')
    const script = completionScript(known, commands)
    process.stdout.write(json ? `${JSON.stringify({ version: 1, shell: known, script })}\n` : script)
    return EXIT.OK
  },
})
