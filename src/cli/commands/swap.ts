import { type Command, defineCommand } from '../command/command.js'

export const swapCommand: Command = defineCommand({
  name: 'swap',
  operands: 'COMMAND PATH',
  complete: ['enable', 'trim', 'out', 'disable', 'status'],
  summary: 'drive the swapped memory of a program',
  description: [
    `Gives COMMAND to the program that opened a swap with the control socket PATH, waits for its end, and prints the status in crosvm's JSON.
    COMMAND is enable, trim, out, disable or status.`,
    'Only the user who runs that program, and root, are answered.',
  ],
  options: { json: { type: 'boolean', help: 'changes nothing: the status is JSON without it as well' } },
  examples: ['vmarea swap status /run/program.swap', 'vmarea swap enable @program && vmarea swap out @program'],
  run: async (_values, operands) => (await import('../swap.js')).swap(operands),
})
