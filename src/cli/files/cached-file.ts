import { accessSync, closeSync, constants, fdatasyncSync, fstatSync, openSync, readSync } from 'node:fs'
import type { PageRun } from '../../kernel/address-space.js'
import { addon } from '../../linux/addon/addon.js'
import { check } from '../../linux/addon/check.js'
import { MAP } from '../../vocabulary/map.js'
import { PAGE_STATE } from '../../vocabulary/page-state.js'
import { PROT } from '../../vocabulary/prot.js'
import { CommandError } from '../command-error.js'

/** How much of a file is mapped at a time, in bytes: mincore(2) fills a vector of 256 KiB for it. */
const WINDOW = 2 ** 30
/** How much is read at a time, in bytes. */
const CHUNK = 2 ** 20
const POSIX_FADV_DONTNEED = 4

/** A regular file, and what of it is in the page cache. */
export class CachedFile implements Disposable {
  readonly path: string
  /** In bytes. */
  readonly size: number
  readonly #descriptor: number
  readonly #isTold: boolean

  /** Throws Node's error where it can't be opened, `CommandError` where it is no regular file. */
  constructor(path: string) {
    this.path = path
    // O_NONBLOCK: to open a pipe would wait for its writer.
    this.#descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(this.#descriptor)
    if (!stat.isFile()) {
      closeSync(this.#descriptor)
      throw new CommandError(`${path} is no regular file`)
    }
    this.size = stat.size
    const user = process.geteuid?.()
    this.#isTold = user === 0 || user === stat.uid || isWritable(path)
  }

  /**
   * The runs of its pages that are in the page cache, by their offsets in the file. Where `isTold` is false, these are all the pages.
   */
  *cachedRuns(): Generator<PageRun> {
    const { pageSize, mmap, munmap, mincore } = addon()
    for (let offset = 0; offset < this.size; offset += WINDOW) {
      const length = Math.min(WINDOW, this.size - offset)
      const address = check(mmap(0, length, PROT.READ, MAP.SHARED, this.#descriptor, offset), 'mmap', { length })
      const pages = new Uint8Array(Math.ceil(length / pageSize))
      const answer = mincore(address, length, pages)
      munmap(address, length)
      check(answer, 'mincore', { length })
      for (let first = pages.indexOf(1); first !== -1; ) {
        const next = pages.indexOf(0, first)
        const end = next === -1 ? pages.length : next
        yield {
          start: BigInt(offset + first * pageSize),
          end: BigInt(offset + end * pageSize),
          state: PAGE_STATE.PRESENT,
        }
        first = pages.indexOf(1, end)
      }
    }
  }

  /** Whether the kernel says which pages are cached: only to a user that owns or may write the file (mincore(2)). */
  get isTold(): boolean {
    return this.#isTold
  }

  /** Reads all of it, so that it is in the page cache where there is room. */
  touch(): void {
    const buffer = new Uint8Array(Math.min(CHUNK, this.size))
    for (let position = 0; position < this.size; ) {
      const count = readSync(this.#descriptor, buffer, 0, buffer.length, position)
      if (count === 0) return // It was cut short meanwhile.
      position += count
    }
  }

  /** Writes it back and drops it from the page cache, save pages that some process maps. */
  evict(): void {
    fdatasyncSync(this.#descriptor)
    check(addon().adviseFile(this.#descriptor, 0, 0, POSIX_FADV_DONTNEED), 'posix_fadvise')
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
