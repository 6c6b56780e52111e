import type { Command } from './command.js'

/** What `vmarea --help` prints: a line a command. */
export function overview(commands: readonly Command[]): string {
  const heads = commands.map(({ name, operands }) => `vmarea ${name} ${operands}`.trimEnd())
  const width = Math.max(...heads.map(({ length }) => length)) + 2
  const lines = commands.map(({ summary }, index) => `  ${heads[index]!.padEnd(width)}${summary}`)
  return `vmarea: look at virtual memory areas

${lines.join('\n')}

  ${'vmarea COMMAND --help'.padEnd(width)}options and examples of a command
  vmarea --version

Exit codes: 0 done, 1 failed, 2 usage, 3 no such process, 4 not permitted.
NO_COLOR=1 turns colour off; there is none in a pipe.
`
}
