import { type Command, defineCommand } from '../command/command.js'

export const lookupCommand: Command = defineCommand({
  name: 'lookup',
  operands: 'PROCESS ADDRESS',
  complete: 'process',
  summary: 'the area at an address, and why it ends where it does',
  description: [
    `Says where in the area and in its file the address is, how its page is, what each flag means, what lies below and above, and why the
    boundary between them stands: what keeps the kernel from merging the two.`,
    'ADDRESS is hexadecimal, with or without 0x, as in the output of maps. PID may be self.',
  ],
  options: { json: { type: 'boolean', help: 'for programs; area is null where nothing is mapped' } },
  examples: ['vmarea lookup 1234 7f12a4c01234'],
  run: async (values, operands) => (await import('../lookup.js')).lookup(values, operands),
})
