import { type Command, defineCommand } from '../command/command.js'
import { SORT_KEYS } from '../maps/sort-keys.js'

export const watchCommand: Command = defineCommand({
  name: 'watch',
  operands: 'PROCESS',
  complete: 'process',
  summary: 'the areas of a process and their changes, as they happen',
  description: [
    `On a terminal it is a table of the areas that is kept up to date, with the last changes below: s changes the order, q or Ctrl-C ends it. In
    a pipe, and with --lines, --json or --replay, it prints one change a line.`,
    'It looks at the list again and again: what is mapped and unmapped between two looks is not seen. It ends with the process.',
  ],
  options: {
    interval: {
      type: 'string',
      value: 'MS',
      help: 'how long to wait between two looks; by default 200, and 1000 for the table',
    },
    usage: {
      type: 'boolean',
      help: 'also flags, and what comes into memory and goes from it: it reads smaps, for which the kernel walks all pages',
    },
    lines: { type: 'boolean', help: 'one change a line, on a terminal too' },
    sort: {
      type: 'string',
      short: 's',
      value: 'KEY',
      choices: SORT_KEYS,
      help: 'the order of the table; by default rss',
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
