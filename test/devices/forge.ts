import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Algorithm } from '#vmarea/devices/blocks/algorithm.js'
import { CODECS } from '#vmarea/devices/blocks/codecs.js'
import { LAYOUT } from '#vmarea/devices/blocks/layout.js'
import { sealFrame } from '#vmarea/devices/blocks/seal-frame.js'

export interface Forged {
  readonly algorithm?: Algorithm
  readonly version?: number
  /** What the header says, where it is not the algorithm's own. */
  readonly number?: number
  readonly blockSize?: number
  readonly size: number | bigint
  /** As they are written: nothing is checked. */
  readonly entries: readonly { readonly kind: number; readonly packedLength: number; readonly checksum: number }[]
  /** The blocks: what lies where behind the header. */
  readonly data?: readonly (readonly [offset: number, bytes: Uint8Array])[]
  /** Where the index begins behind the header; behind the blocks of `entries` by default. */
  readonly dataLength?: number
}

export const HEADER_LENGTH = LAYOUT.framePrefix + LAYOUT.headerPayload + LAYOUT.frameSuffix
export const FOOTER_LENGTH = LAYOUT.framePrefix + LAYOUT.footerPayload + LAYOUT.frameSuffix

/** Writes a packed file that says whatever it is told to, with checksums that are right. */
export function forge(path: string, forged: Forged): void {
  const { algorithm = 'deflate', version = 1, blockSize = 4096, size, entries, data = [] } = forged
  const codec = CODECS[algorithm]
  const header = Buffer.alloc(LAYOUT.headerPayload)
  header.write('vmblocks', 'latin1')
  header.writeUInt16LE(version, 8)
  header.writeUInt16LE(forged.number ?? codec.number, 10)
  header.writeUInt32LE(blockSize, 12)
  const frames = [sealFrame(codec, 'header', header)]
  for (let first = 0; first < entries.length; first += LAYOUT.entriesInFrame) {
    const some = entries.slice(first, first + LAYOUT.entriesInFrame)
    const payload = Buffer.alloc(some.length * LAYOUT.entry)
    for (const [index, { kind, packedLength, checksum }] of some.entries()) {
      payload.writeUInt32LE(kind * 2 ** 30 + packedLength, index * LAYOUT.entry)
      payload.writeUInt32LE(checksum, index * LAYOUT.entry + 4)
    }
    frames.push(sealFrame(codec, 'index', payload))
  }
  const footer = Buffer.alloc(LAYOUT.footerPayload)
  footer.writeBigUInt64LE(BigInt(size))
  const checked = Buffer.concat([...frames, footer.subarray(0, 8)])
  footer.writeUInt32LE(crc32(checked), 8)
  frames.push(sealFrame(codec, 'footer', footer))

  const descriptor = openSync(path, 'w')
  try {
    const taken = entries.reduce((sum, { packedLength }) => sum + packedLength, 0)
    let at = HEADER_LENGTH + (forged.dataLength ?? taken)
    ftruncateSync(descriptor, at)
    writeSync(descriptor, frames[0]!, 0, HEADER_LENGTH, 0)
    for (const [offset, bytes] of data) writeSync(descriptor, bytes, 0, bytes.length, HEADER_LENGTH + offset)
    for (const frame of frames.slice(1)) {
      writeSync(descriptor, frame, 0, frame.length, at)
      at += frame.length
    }
  } finally {
    closeSync(descriptor)
  }
}
