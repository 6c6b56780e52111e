/** One area as a test makes it up. */
export interface MadeUpArea {
  readonly start: bigint
  readonly end: bigint
  readonly permissions: string
  readonly offset: bigint
  readonly major: number
  readonly minor: number
  readonly inode: bigint
  readonly name: Buffer
}

/** The line that the kernel writes for an area (`show_map_vma`), after its C source: the oracle of the parser's tests. */
export function kernelLine({ start, end, permissions, offset, major, minor, inode, name }: MadeUpArea): Buffer {
  const hex = (value: bigint, width: number) => value.toString(16).padStart(width, '0')
  const head = `${hex(start, 8)}-${hex(end, 8)} ${permissions} ${hex(offset, 8)} ${hex(BigInt(major), 2)}:${hex(BigInt(minor), 2)} ${inode} `
  if (name.length === 0) return Buffer.from(`${head}\n`)
  const escaped = [...name].flatMap((byte) => (byte === 10 ? [...Buffer.from('\\012')] : [byte]))
  return Buffer.concat([Buffer.from(head.padEnd(73)), Buffer.from(escaped), Buffer.from('\n')])
}
