import { type Command, defineCommand } from '../command/command.js'

export const tourCommand: Command = defineCommand({
  name: 'tour',
  operands: '[FILE]',
  complete: 'file',
  summary: 'a walk through the package',
  description: [
    `Shows what the package does, on a real file: maps it, reads it, changes its permission, touches it wrongly, cuts a copy of it short,
    serves it over HTTP, and says what each step showed.`,
    'FILE is the file to map; by default the running node executable.',
  ],
  options: { json: { type: 'boolean', help: 'for programs: a JSON object a step' } },
  examples: ['vmarea tour', 'vmarea tour /usr/lib/locale/locale-archive'],
  run: async (values, operands) => (await import('../tour.js')).tour(values, operands),
})
