import { type Command, defineCommand } from '../command/command.js'

export const filesCommand: Command = defineCommand({
  name: 'files',
  operands: 'FILE…',
  complete: 'file',
  summary: 'how much of files is in the page cache',
  description: [
    'For each file its size and how much of it is in memory. Of a folder, all regular files below it, without following links.',
    'The kernel says it only to a user that owns a file or may write it, and to root; for others it is not told.',
  ],
  options: {
    evict: {
      type: 'boolean',
      short: 'e',
      help: 'writes the files back and drops them from the page cache first; pages that a process maps stay',
    },
    touch: { type: 'boolean', short: 't', help: 'reads the files first, so that they are in the page cache' },
    pages: { type: 'boolean', short: 'p', help: 'a strip that shows which parts; with --json each run' },
    bytes: { type: 'boolean', short: 'b', help: 'sizes in bytes' },
    json: { type: 'boolean', short: 'j', help: 'for programs: sizes in bytes, and null for what is not told' },
  },
  examples: ['vmarea files data.bin --pages', 'vmarea files --evict /var/lib/app', 'vmarea files --touch data.bin'],
  run: async (values, operands) => (await import('../files.js')).files(values, operands),
})
