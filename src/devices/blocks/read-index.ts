import { crc32 } from 'node:zlib'
import type { VmError } from '../../vocabulary/vm-error.js'
import type { Algorithm } from './algorithm.js'
import { BlockIndex } from './block-index.js'
import { CODECS } from './codecs.js'
import { LAYOUT } from './layout.js'
import { packedFileError } from './packed-file-error.js'
import { readAt } from './read-at.js'
import { type FrameName, sealFrame } from './seal-frame.js'

const AROUND = LAYOUT.framePrefix + LAYOUT.frameSuffix
const HEADER_LENGTH = AROUND + LAYOUT.headerPayload
const FOOTER_LENGTH = AROUND + LAYOUT.footerPayload
const MAGIC = 'vmblocks'

/**
 * Reads header, footer and index of a packed file, and checks them: afterwards every byte of the file but those of its blocks is
 * verified. It allocates memory for the index, twice eight bytes for each block, and no more, whatever size the file claims.
 */
export function readIndex(descriptor: number, path: string, fileSize: number): BlockIndex {
  const header = read(0, HEADER_LENGTH)
  const algorithm = algorithmOf(header)
  const codec = CODECS[algorithm]
  const blockSize = header.readUInt32LE(LAYOUT.framePrefix + 12)
  if (blockSize === 0 || blockSize % LAYOUT.blockSizeStep !== 0 || blockSize > LAYOUT.largestBlockSize)
    throw damaged(`its blocks are said to be of ${blockSize} bytes`)

  const footerAt = fileSize - FOOTER_LENGTH
  if (footerAt < HEADER_LENGTH) throw damaged('it was cut short')
  const footer = unframe('footer', read(footerAt, FOOTER_LENGTH), 'it was cut short, or something was appended to it')
  const size = Number(footer.readBigUInt64LE(0))
  const count = Math.ceil(size / blockSize)
  const frames = Math.ceil(count / LAYOUT.entriesInFrame)
  const indexAt = footerAt - frames * AROUND - count * LAYOUT.entry
  if (!Number.isSafeInteger(size) || indexAt < HEADER_LENGTH)
    throw damaged(`it is said to hold ${size} bytes, and is too short for the index of so many`)

  let checksum = crc32(header)
  const entries = Buffer.allocUnsafeSlow(count * LAYOUT.entry)
  let at = indexAt
  for (let first = 0; first < count; first += LAYOUT.entriesInFrame) {
    const some = Math.min(LAYOUT.entriesInFrame, count - first) * LAYOUT.entry
    const frame = read(at, AROUND + some)
    checksum = crc32(frame, checksum)
    entries.set(unframe('index', frame, `its index is damaged at byte ${at}`), first * LAYOUT.entry)
    at += frame.length
  }
  checksum = crc32(footer.subarray(0, 8), checksum)
  if (checksum !== footer.readUInt32LE(8)) throw damaged('the checksum of its index is wrong')
  try {
    return new BlockIndex({ algorithm, blockSize, size }, entries, HEADER_LENGTH, indexAt)
  } catch (error) {
    throw damaged((error as Error).message, error)
  }

  function read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length)
    if (readAt(descriptor, bytes, position) < length) {
      if (position === 0) throw packedFileError('EINVAL', 'open', path, NO_PACKED_FILE)
      throw damaged('it was cut short')
    }
    return bytes
  }

  function algorithmOf(frame: Buffer): Algorithm {
    const payload = frame.subarray(LAYOUT.framePrefix, -LAYOUT.frameSuffix)
    const ours = Object.values(CODECS).some((codec) => sealFrame(codec, 'header', payload).equals(frame))
    if (!ours || payload.toString('latin1', 0, MAGIC.length) !== MAGIC)
      throw packedFileError('EINVAL', 'open', path, NO_PACKED_FILE)
    const version = payload.readUInt16LE(8)
    if (version !== LAYOUT.version)
      throw packedFileError('EINVAL', 'open', path, `it is of version ${version}, and only ${LAYOUT.version} is known`)
    const number = payload.readUInt16LE(10)
    for (const [name, codec] of Object.entries(CODECS) as [Algorithm, (typeof CODECS)[Algorithm]][]) {
      if (codec.number === number && sealFrame(codec, 'header', payload).equals(frame)) return name
    }
    throw packedFileError(
      'EINVAL',
      'open',
      path,
      `its blocks are compressed by algorithm ${number}, which is not known`,
    )
  }

  /** The payload of a frame, which must be complete. */
  function unframe(name: FrameName, frame: Buffer, otherwise: string): Buffer {
    const payload = frame.subarray(LAYOUT.framePrefix, -LAYOUT.frameSuffix)
    if (!sealFrame(codec, name, payload).equals(frame)) throw damaged(otherwise)
    return payload
  }

  function damaged(what: string, cause?: unknown): VmError {
    return packedFileError('EIO', 'open', path, what, cause)
  }
}

const NO_PACKED_FILE = 'this is no packed file: vmarea pack makes one'
