import { type Command, defineCommand } from '../command/command.js'

export const diffCommand: Command = defineCommand({
  name: 'diff',
  operands: 'A B',
  complete: 'file',
  summary: 'what changed between two saved snapshots',
  description: ['A and B come from vmarea maps PID --save FILE.'],
  options: {
    layout: {
      type: 'boolean',
      help: 'only what was mapped, unmapped, protected, split and merged, not what is in memory',
    },
    json: { type: 'boolean', help: 'for programs' },
  },
  examples: ['vmarea maps 1234 --save a.json; sleep 60; vmarea maps 1234 --save b.json', 'vmarea diff a.json b.json'],
  run: async (values, operands) => (await import('../diff.js')).diff(values, operands),
})
