import { readSync, writeSync } from 'node:fs'
import { addon } from '../../../linux/addon/addon.js'

const SEEK_DATA = 3
const SEEK_HOLE = 4
/** Bytes of one read. */
const STEP = 2 ** 16

/**
 * Which pages of a device programs have written to since the driver got them: a byte a page, in a memory file that outlives the thread
 * which serves the device. The pages that a thread had not written back when it ended are those of the next one.
 */
export class WrittenPagesFile {
  readonly #descriptor: number
  readonly #addon = addon()

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** Notes `count` pages from `first` on. Throws `ENOSPC` or `ENOMEM` where there is no memory to note them in. */
  note(first: number, count: number, written: boolean): void {
    const bytes = new Uint8Array(count).fill(written ? 1 : 0)
    for (let at = 0; at < count; ) at += writeSync(this.#descriptor, bytes, at, count - at, first + at)
  }

  /** The numbers of the noted pages. */
  *[Symbol.iterator](): Generator<number> {
    const bytes = new Uint8Array(STEP)
    for (let at = 0; ; ) {
      const from = this.#addon.seekFile(this.#descriptor, at, SEEK_DATA)
      if (from < 0) return
      const to = this.#addon.seekFile(this.#descriptor, from, SEEK_HOLE)
      for (at = from; at < to; ) {
        const count = readSync(this.#descriptor, bytes, 0, Math.min(STEP, to - at), at)
        if (count === 0) return
        for (let index = 0; index < count; index++) if (bytes[index] === 1) yield at + index
        at += count
      }
    }
  }
}
