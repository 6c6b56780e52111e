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
 * An open packed file.
 *
 * It reads and decompresses on this thread. libuv has one thread pool for the whole process: a program that passes a device's bytes to
 * `fs.write` or `zlib` blocks its threads until the pages arrive, so they can't provide the pages.
 *
 * # Invariant
 *
 * The index is valid. A read returns the original bytes of a block, or throws.
 */
export class PackedFile {
  readonly path: string
  readonly index: BlockIndex
  /** The size of the packed file in bytes, when it was opened. */
  readonly packedSize: number
  /** Its permission bits. */
  readonly mode: number
  #descriptor: number | undefined

  /** @throws `VmError`: as open(2); `EINVAL` when it is no packed file, or of an unknown version; `EIO` when it is damaged */
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
   * The bytes of a block, in a buffer that the caller owns.
   *
   * @param unpackZeros also reads the bytes in the file for a block of zeros, if there are any
   * @throws `VmError` `EIO`, which names the block, when it is damaged or truncated
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

  /** Closes the file. Later reads throw; a second call does nothing. */
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

/** Opens a pipe without waiting for its other end; the pipe is refused afterwards. */
function open(path: string): number {
  return asVmErrors(path, () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY))
}

/** Converts errors of Node's file calls to `VmError`, which can be sent to another thread with all properties. */
function asVmErrors<Result>(path: string, call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    throw fileCallError(error, (error as NodeJS.ErrnoException).syscall ?? 'open', path)
  }
}
