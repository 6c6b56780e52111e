import { type Command, defineCommand } from '../command/command.js'

export const watchCommand: Command = defineCommand({
  name: 'watch',
  operands: 'PROCESS',
  complete: 'process',
  summary: 'changes as they happen, one a line',
  description: [
    'It looks at the list again and again: what comes and goes between two looks is not seen. It ends with the process, or with Ctrl-C.',
  ],
  options: {
    interval: { type: 'string', value: 'MS', help: 'how long to wait between two looks; by default 200' },
    usage: {
      type: 'boolean',
      help: 'also flags, and what comes into memory and goes from it: it reads smaps, for which the kernel walks all pages',
    },
    for: { type: 'string', value: 'SECONDS', help: 'ends by itself' },
    json: { type: 'boolean', help: 'a JSON object a line' },
    record: { type: 'string', value: 'FILE', help: 'writes what it shows to a file as well' },
    replay: { type: 'string', value: 'FILE', help: 'shows a recording; without PID' },
  },
  examples: [
    'vmarea watch 1234',
    'vmarea watch 1234 --usage --interval 1000 --record run.ndjson',
    'vmarea watch --replay run.ndjson',
  ],
  run: async (values, operands) => (await import('../watch.js')).watch(values, operands),
})
