import type { BlockEntry } from '../../devices/blocks/block-entry.js'
import type { PackedFile } from '../../devices/blocks/packed-file.js'
import { byteSize } from '../byte-size.js'
import { paint } from '../paint.js'
import { printJson } from '../print-json.js'
import { outputWidth, table } from '../table.js'
import { wrap } from '../wrap.js'

const KINDS = ['zeros', 'stored', 'compressed'] as const

/** Prints what is packed and how; with `all`, a line a block. */
export function list(file: PackedFile, { all, json }: { readonly all: boolean; readonly json: boolean }): void {
  if (json) printList(file)
  else print(file, all)
}

function print(file: PackedFile, all: boolean): void {
  if (all) for (const line of table(BLOCK_COLUMNS, [...file.index].map(rowOf))) process.stdout.write(`${line}\n`)
  if (all) process.stdout.write('\n')
  for (const line of table(KIND_COLUMNS, totals(file))) process.stdout.write(`${line}\n`)
  const { algorithm, blockSize, size } = file.index.shape
  const parts = [algorithm, `blocks of ${byteSize(blockSize)}`, `${size} bytes packed in ${file.packedSize}`]
  process.stdout.write('\n')
  for (const line of wrap(parts.join(' · '), outputWidth(), ' · ')) process.stdout.write(`${paint('dim', line)}\n`)
}

const BLOCK_COLUMNS = [
  { title: 'BLOCK', align: 'right' },
  { title: 'OFFSET', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'AT', align: 'right' },
  { title: 'PACKED', align: 'right' },
  { title: 'KIND' },
  { title: 'CRC-32' },
] as const

function rowOf({ number, kind, start, length, packedOffset, packedLength, checksum }: BlockEntry): string[] {
  const words = [number, start, length, packedOffset, packedLength].map(String)
  return [...words, KINDS[kind], hexChecksum(checksum)]
}

const KIND_COLUMNS = [
  { title: 'KIND' },
  { title: 'BLOCKS', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'PACKED', align: 'right' },
] as const

function totals({ index }: PackedFile): string[][] {
  const sums = [...KINDS, 'all'].map((name) => ({ name, blocks: 0, size: 0, packed: 0 }))
  for (const { kind, length, packedLength } of index) {
    for (const sum of [sums[kind]!, sums.at(-1)!]) {
      sum.blocks++
      sum.size += length
      sum.packed += packedLength
    }
  }
  return sums
    .filter(({ name, blocks }) => blocks > 0 || name === 'all')
    .map(({ name, blocks, size, packed }) => [name, String(blocks), byteSize(size), byteSize(packed)])
}

function printList({ index, packedSize }: PackedFile): void {
  const blocks = [...index].map(({ kind, start, packedOffset, checksum, ...rest }) => ({
    ...rest,
    kind: KINDS[kind],
    start: `0x${start.toString(16)}`,
    packedOffset: `0x${packedOffset.toString(16)}`,
    checksum: `0x${hexChecksum(checksum)}`,
  }))
  printJson({ ...index.shape, packedSize, blocks })
}

function hexChecksum(checksum: number): string {
  return checksum.toString(16).padStart(8, '0')
}
