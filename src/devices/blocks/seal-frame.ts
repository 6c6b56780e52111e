import type { Codec } from './codec.js'
import { LAYOUT } from './layout.js'

/** The kinds of frames: the file's header, a part of its index, or its footer. */
export type FrameName = 'header' | 'index' | 'footer'

const LETTERS = { header: 'H', index: 'I', footer: 'F' } as const

/**
 * Makes a frame for data other than a block: a gzip member without content, whose extra field (RFC 1952, 2.3.1.1) is the payload. In a file
 * of another algorithm only the first ten bytes differ.
 */
export function sealFrame({ signature }: Codec, name: FrameName, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(LAYOUT.framePrefix + payload.length + LAYOUT.frameSuffix)
  frame.set(signature)
  frame.writeUInt16LE(payload.length + 4, 10)
  frame.write(`V${LETTERS[name]}`, 12, 'latin1')
  frame.writeUInt16LE(payload.length, 14)
  frame.set(payload, LAYOUT.framePrefix)
  // An empty deflate stream; its checksum and its length, which follow, are zeros.
  frame.writeUInt16LE(0x0003, LAYOUT.framePrefix + payload.length)
  return frame
}
