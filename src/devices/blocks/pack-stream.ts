import { crc32 } from 'node:zlib'
import { BLOCK_KIND } from './block-kind.js'
import { BlockPacker, type PackedBlock } from './block-packer.js'
import { blocksOf } from './blocks-of.js'
import { LAYOUT } from './layout.js'
import { checkPackOptions } from './options/check-pack-options.js'
import type { PackOptions } from './pack-options.js'
import type { PackSummary } from './pack-summary.js'
import { sealFrame } from './seal-frame.js'
import { writeEntry } from './write-entry.js'

/** How many blocks are compressed at once: twice as many as libuv has threads, so that none waits while the first is written. */
const WIDTH = 2 * (Number(process.env.UV_THREADPOOL_SIZE) || 4)

/**
 * Packs a stream: yields the packed file's bytes in order, and returns a summary. Several blocks are compressed at once; it reads no
 * further ahead than those, and keeps only the index of finished blocks, eight bytes each.
 */
export async function* packStream(
  source: AsyncIterable<Uint8Array>,
  options: PackOptions = {},
): AsyncGenerator<Uint8Array, PackSummary> {
  const { codec, level, blockSize, signal } = checkPackOptions(options, 'packStream()')
  const index: Buffer[] = []
  const summary = { size: 0, packedSize: 0, blocks: 0, zeros: 0, stored: 0 }

  const header = Buffer.alloc(LAYOUT.headerPayload)
  header.write('vmblocks', 'latin1')
  header.writeUInt16LE(LAYOUT.version, 8)
  header.writeUInt16LE(codec.number, 10)
  header.writeUInt32LE(blockSize, 12)
  const headerFrame = sealFrame(codec, 'header', header)
  let checksum = crc32(headerFrame)
  yield counted(headerFrame)

  const packer = new BlockPacker(codec, level)
  const underWay: Promise<PackedBlock>[] = []
  for await (const block of blocksOf(source, blockSize)) {
    signal?.throwIfAborted()
    const packed = packer.pack(block)
    // Its error is handled in its turn, because an earlier block may fail first.
    packed.catch(() => {})
    underWay.push(packed)
    if (underWay.length >= WIDTH) yield noted(await underWay.shift()!)
  }
  for (const packed of underWay) yield noted(await packed)

  for (const [number, entries] of index.entries()) {
    const used = number < index.length - 1 ? entries : entries.subarray(0, usedOfLast() * LAYOUT.entry)
    const frame = sealFrame(codec, 'index', used)
    checksum = crc32(frame, checksum)
    yield counted(frame)
  }
  const footer = Buffer.alloc(LAYOUT.footerPayload)
  footer.writeBigUInt64LE(BigInt(summary.size))
  footer.writeUInt32LE(crc32(footer.subarray(0, 8), checksum), 8)
  yield counted(sealFrame(codec, 'footer', footer))
  return summary

  function noted({ kind, bytes, length, checksum }: PackedBlock): Uint8Array {
    const inFrame = summary.blocks % LAYOUT.entriesInFrame
    if (inFrame === 0) index.push(Buffer.alloc(LAYOUT.entriesInFrame * LAYOUT.entry))
    writeEntry(index.at(-1)!, inFrame * LAYOUT.entry, kind, bytes.length, checksum)
    summary.blocks++
    summary.size += length
    if (kind === BLOCK_KIND.ZEROS) summary.zeros++
    if (kind === BLOCK_KIND.STORED) summary.stored++
    return counted(bytes)
  }

  function counted(bytes: Uint8Array): Uint8Array {
    summary.packedSize += bytes.length
    return bytes
  }

  function usedOfLast(): number {
    return ((summary.blocks - 1) % LAYOUT.entriesInFrame) + 1
  }
}
