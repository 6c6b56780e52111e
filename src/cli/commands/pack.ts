import { type Command, defineCommand } from '../command/command.js'

export const packCommand: Command = defineCommand({
  name: 'pack',
  operands: 'FILE',
  complete: 'file',
  summary: 'compress a file so that any part can be read alone',
  description: [
    `The device vmarea/devices/blocks maps such a file: to touch a page decompresses the block that it lies in. What gzip has packed is
    unpacked by gunzip, too.`,
    'FILE and OUT may be -, the standard input and output, but what is listed, checked or unpacked must be a file.',
  ],
  options: {
    output: {
      type: 'string',
      short: 'o',
      value: 'OUT',
      help: 'by default FILE.gz, or FILE.blocks for deflate and brotli; with --unpack, FILE without its ending',
    },
    algorithm: { type: 'string', value: 'NAME', help: 'gzip, deflate or brotli; by default gzip' },
    level: {
      type: 'string',
      value: 'N',
      help: 'how hard to try: 1 to 9, by default 6; for brotli 0 to 11, by default 9',
    },
    'block-size': { type: 'string', value: 'SIZE', help: 'a multiple of 4K, at most 16M; by default 64K' },
    force: { type: 'boolean', help: 'replaces OUT' },
    list: { type: 'boolean', help: 'what a packed file holds' },
    all: { type: 'boolean', help: 'with --list, a line a block' },
    json: { type: 'boolean', help: 'for programs: what was packed, unpacked, listed or checked' },
    check: { type: 'boolean', help: 'decompresses every block and tells which are damaged' },
    unpack: { type: 'boolean', help: 'the other way round' },
  },
  examples: [
    'vmarea pack data.bin',
    'vmarea pack data.bin --algorithm brotli --block-size 256K -o data.packed',
    'mysqldump shop | vmarea pack - -o shop.sql.gz',
    'vmarea pack --list data.bin.gz',
    'vmarea pack --unpack data.bin.gz -o - | sha256sum',
  ],
  run: async (values, operands) => (await import('../pack.js')).pack(values, operands),
})
