import { type Command, defineCommand } from '../command/command.js'

export const mapsCommand: Command = defineCommand({
  name: 'maps',
  operands: '[PID]',
  complete: 'process',
  summary: 'the areas of a process, folded by what is mapped',
  description: [
    `The segments of a file are folded into one line, and so is anonymous memory that touches; N says how many areas a line stands for.
    What is zero is blank, and a * in PERM is where its areas differ. Without PID, or with self, it is the command's own process.`,
  ],
  options: {
    all: { type: 'boolean', help: 'one line an area, as the kernel lists them' },
    gaps: { type: 'boolean', help: 'the gaps between them as well, and the largest' },
    bytes: { type: 'boolean', help: 'sizes in bytes' },
    json: {
      type: 'boolean',
      help: 'everything, for programs: addresses are hexadecimal strings, sizes bytes, null what the kernel does not tell',
    },
    save: { type: 'string', value: 'FILE', help: 'writes that to a file, for --from and vmarea diff' },
    from: { type: 'string', value: 'FILE', help: 'shows a saved snapshot' },
  },
  examples: [
    'vmarea maps 1234',
    'vmarea maps 1234 --all --gaps',
    'vmarea maps 1234 --save before.json',
    "vmarea maps 1234 --json | jq -r '.areas[] | select(.deleted) | .path'",
  ],
  run: async (values, operands) => (await import('../maps.js')).maps(values, operands),
})
