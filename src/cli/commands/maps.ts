import { KINDS } from '../../snapshot/kind-of.js'
import { type Command, defineCommand } from '../command/command.js'
import { COLUMN_NAMES } from '../maps/column-names.js'
import { MAPS_SORT_KEYS } from '../maps/sort-keys.js'

export const mapsCommand: Command = defineCommand({
  name: 'maps',
  operands: '[PROCESS…]',
  complete: 'process',
  summary: 'the areas of processes, folded by what is mapped',
  description: [
    `The segments of a file are folded into one line, and so is anonymous memory that touches; N says how many areas a line stands for.
    What is zero is blank, and a * in PERM is where its areas differ. Below are totals by kind.`,
    `PROCESS is a number, a name (all processes of that name), or self, the command's own process, which is also shown without any.`,
    'With several filters an area must match each of them; of one filter that is given several times it must match any.',
  ],
  options: {
    all: { type: 'boolean', short: 'a', help: 'one line an area, as the kernel lists them' },
    sort: {
      type: 'string',
      short: 's',
      value: 'KEY',
      choices: MAPS_SORT_KEYS,
      help: 'the order; sizes begin with the largest',
    },
    kind: {
      type: 'string',
      short: 'k',
      multiple: true,
      value: 'KIND',
      choices: KINDS.map((kind) => kind.replace(' ', '-')),
      help: 'only areas of that kind',
    },
    perms: {
      type: 'string',
      multiple: true,
      value: 'PERMS',
      help: 'only areas with these permissions: letters that must be set (wx), or all four places, where * is any (r-xp, rw**)',
    },
    name: {
      type: 'string',
      short: 'n',
      multiple: true,
      value: 'TEXT',
      help: 'only areas whose OBJECT contains the text',
    },
    range: {
      type: 'string',
      short: 'r',
      multiple: true,
      value: 'FROM-TO',
      help: 'only areas that overlap a range of hexadecimal addresses, the end exclusive, or that contain one address',
    },
    columns: {
      type: 'string',
      short: 'c',
      multiple: true,
      value: 'NAMES',
      choices: COLUMN_NAMES,
      help: 'the columns, in that order, with commas between',
    },
    'all-columns': { type: 'boolean', short: 'X', help: 'every column in which anything stands' },
    pages: {
      type: 'boolean',
      short: 'p',
      help: 'a strip that shows which pages are in memory; with --json each run of pages',
    },
    gaps: { type: 'boolean', short: 'g', help: 'the gaps between the areas as well, and the largest' },
    bytes: { type: 'boolean', short: 'b', help: 'sizes in bytes' },
    json: {
      type: 'boolean',
      short: 'j',
      help: 'everything, for programs, a line a process: addresses are hexadecimal strings, sizes bytes, null what the kernel does not tell',
    },
    save: { type: 'string', value: 'FILE', help: 'writes that of one process to a file, for --from and vmarea diff' },
    from: { type: 'string', value: 'FILE', help: 'shows a saved snapshot' },
  },
  examples: [
    'vmarea maps 1234',
    'vmarea maps node --sort rss',
    'vmarea maps 1234 --all --perms wx',
    'vmarea maps 1234 --kind heap,anonymous --pages',
    'vmarea maps 1234 --columns rss,private-dirty,object --name libc',
    'vmarea maps 1234 --save before.json',
    "vmarea maps 1234 --json | jq -r '.areas[] | select(.deleted) | .path'",
  ],
  run: async (values, operands) => (await import('../maps.js')).maps(values, operands),
})
