import { write } from 'node:fs'
import { VmError } from '../../vocabulary/vm-error.js'
import type { PageStoreHost } from '../page-store-host.js'
import { transfer } from './transfer.js'

/** Bytes of one job: of requests that wait, those within it are written together. Their pages leave memory at once when it is done. */
const TOGETHER = 2 ** 21

/** Jobs in flight: one that runs, and the next, which begins without this thread. */
const JOBS = 2

/** Bytes, and where in the file they belong. */
export interface Piece {
  readonly bytes: Uint8Array
  readonly position: number
}

interface Request {
  readonly pieces: readonly Piece[]
  resolve(): void
  reject(error: unknown): void
}

/**
 * Writes to a file, one job at a time: the kernel lets one thread at a time write to a file, and others that try use up their processors.
 * Requests that come while two jobs are in flight are written together by the next one.
 */
export class FileWriter {
  readonly #descriptor: number
  readonly #writePieces: PageStoreHost['writePieces']
  readonly #waiting: Request[] = []
  /** The word by which the jobs take turns. It has a buffer, because the engine may move the bytes of a small array without one. */
  readonly #turn = new Int32Array(new ArrayBuffer(4))
  #jobs = 0

  constructor(descriptor: number, writePieces: PageStoreHost['writePieces']) {
    this.#descriptor = descriptor
    this.#writePieces = writePieces
  }

  /** Resolves when all pieces are written. When it rejects, none of them is being written any more. */
  write(pieces: readonly Piece[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ pieces, resolve, reject })
      if (this.#jobs < JOBS) void this.#work()
    })
  }

  async #work(): Promise<void> {
    this.#jobs++
    while (this.#waiting.length > 0) {
      const requests = this.#next()
      try {
        await this.#writeAll(requests.flatMap(({ pieces }) => pieces))
        for (const { resolve } of requests) resolve()
      } catch (error) {
        for (const { reject } of requests) reject(error)
      }
    }
    this.#jobs--
  }

  #next(): readonly Request[] {
    let [count, bytes] = [0, 0]
    while (count < this.#waiting.length) {
      bytes += lengthOf(this.#waiting[count]!.pieces)
      if (count > 0 && bytes > TOGETHER) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #writeAll(pieces: readonly Piece[]): Promise<void> {
    if (this.#writePieces === undefined) {
      for (const piece of pieces) await this.#writeOne(piece)
      return
    }
    const arrays = pieces.map(({ bytes }) => bytes)
    const positions = Float64Array.from(pieces, ({ position }) => position)
    const code = await this.#writePieces(this.#descriptor, arrays, positions, this.#turn)
    if (code !== 0) throw new VmError(code, 'write')
  }

  async #writeOne({ bytes, position }: Piece): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      done += await transfer(write, this.#descriptor, bytes.subarray(done), position + done)
    }
  }
}

function lengthOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)
}
