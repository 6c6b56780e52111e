import { closeSync, constants, fstatSync, openSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { fileCallError } from '../../vocabulary/errors/file-call-error.js'
import { VmError } from '../../vocabulary/vm-error.js'
import type { BlockEntry } from './block-entry.js'
import type { BlockIndex } from './block-index.js'
import { BLOCK_KIND } from './block-kind.js'
import { CODECS } from './codecs.js'
import { packedFileError } from './packed-file-error.js'
import { readAt } from './read-at.js'
import { readIndex } from './read-index.js'

/**
 * A packed file that is open.
 *
 * All is read and decompressed on this thread. libuv's thread pool is one for the whole process: a program that hands a device's bytes to
 * `fs.write` or `zlib` blocks its threads until the pages have come, so they can't come from there.
 *
 * # Invariant
 *
 * The index is right. A block is given as it was packed, or not at all.
 */
export class PackedFile {
  readonly path: string
  readonly index: BlockIndex
  /** Bytes of the packed file, when it was opened. */
  readonly packedSize: number
  /** Its permission bits. */
  readonly mode: number
  #descriptor: number | undefined

  /** @throws `VmError`: what open(2) says; `EINVAL` when it is no packed file, or of an unknown version; `EIO` when it is damaged */
  constructor(path: string) {
    this.path = path
    this.#descriptor = open(path)
    try {
      const stat = fstatSync(this.#descriptor)
      if (!stat.isFile()) throw packedFileError('EINVAL', 'open', path, 'this is no regular file')
      this.packedSize = stat.size
      this.mode = stat.mode & 0o777
      this.index = asVmErrors(path, () => readIndex(this.#descriptor!, path, stat.size))
    } catch (error) {
      this.close()
      throw error
    }
  }

  /**
   * The bytes of a block. They are the caller's.
   *
   * @param unpackZeros reads what stands in the file for a block of zeros as well, if anything does
   * @throws `VmError` `EIO`, which names the block, when it is damaged or not there any more
   */
  read(block: BlockEntry, unpackZeros = false): Uint8Array {
    const { kind, length, packedLength, packedOffset } = block
    if (kind === BLOCK_KIND.ZEROS && !(unpackZeros && packedLength > 0)) return new Uint8Array(length)
    const packed = Buffer.allocUnsafe(packedLength)
    const count = asVmErrors(this.path, () => readAt(this.#opened(), packed, packedOffset))
    if (count < packedLength) throw this.#damaged(block, 'the file ends before it does: it was cut short while open')
    const bytes = kind === BLOCK_KIND.STORED ? packed : this.#decompress(block, packed)
    if (bytes.length !== length) throw this.#damaged(block, `it gives ${bytes.length} bytes instead of ${length}`)
    if (crc32(bytes) !== block.checksum) throw this.#damaged(block, 'its checksum is wrong')
    return bytes
  }

  /** Once or again. Nothing can be read any more. */
  close(): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor !== undefined) closeSync(descriptor)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #opened(): number {
    if (this.#descriptor === undefined) throw new VmError('EBADF', 'read', { path: this.path, hint: 'it is closed' })
    return this.#descriptor
  }

  #decompress(block: BlockEntry, packed: Uint8Array): Uint8Array {
    try {
      return CODECS[this.index.shape.algorithm].decompress(packed, block.length)
    } catch (error) {
      const tooLong = (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE'
      throw this.#damaged(
        block,
        tooLong ? `it gives more than ${block.length} bytes` : `it can't be decompressed: ${(error as Error).message}`,
        error,
      )
    }
  }

  #damaged({ number, start, length, packedOffset }: BlockEntry, what: string, cause?: unknown): VmError {
    const where = `block ${number} at byte ${packedOffset}, which holds bytes ${start} to ${start + length}`
    return packedFileError('EIO', 'read', this.path, `${where}: ${what}`, cause)
  }
}

/** A pipe would be waited for; it is opened without, and refused then. */
function open(path: string): number {
  return asVmErrors(path, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY))
}

/** Errors of Node's file calls as our own, which cross to another thread whole. */
function asVmErrors<Result>(path: string, call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    throw fileCallError(error, (error as NodeJS.ErrnoException).syscall ?? 'open', path)
  }
}
