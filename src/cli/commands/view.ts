import { type Command, defineCommand } from '../command/command.js'

export const viewCommand: Command = defineCommand({
  name: 'view',
  operands: '[PROCESS | FILE | FILE FILE]',
  complete: 'process or file',
  summary: 'a page that shows an address space, in the browser',
  description: [
    'A process as it changes, a snapshot of vmarea maps --save, a recording of vmarea watch --record, or the difference of two snapshots.',
    'Without any of them it opens the playground: system calls on a modelled kernel, step by step.',
    `It prints an address that opens the page in one browser of this machine, and serves it until Ctrl-C.`,
  ],
  options: {
    open: { type: 'boolean', help: 'opens it in the browser' },
    port: { type: 'string', value: 'PORT', help: 'the port of 127.0.0.1; by default a free one' },
    html: {
      type: 'string',
      value: 'FILE',
      help: 'writes one file with the page and the data in it, and serves nothing',
    },
    model: {
      type: 'boolean',
      help: 'the playground makes its calls on the running kernel as well, in a process of their own, and shows where the two differ',
    },
    json: { type: 'boolean', help: 'for programs: the address, or the file that was written, as one object' },
    lessons: { type: 'string', value: 'FOLDER', help: "the playground's lessons from the .txt files of a folder" },
  },
  examples: [
    'vmarea view 1234 --open',
    'vmarea view run.ndjson',
    'vmarea view before.json after.json',
    'vmarea view 1234 --html now.html',
    'vmarea view --model',
    'vmarea view --lessons course/',
  ],
  run: async (values, operands) => (await import('../view.js')).view(values, operands),
})
