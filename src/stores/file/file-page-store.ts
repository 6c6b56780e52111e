import { close, fsync, ftruncateSync, read, unlink } from 'node:fs'
import { promisify } from 'node:util'
import { ERRNO_RESULT } from '../../vocabulary/errno-result.js'
import { VmError } from '../../vocabulary/vm-error.js'
import { checkPages } from '../check-pages.js'
import { noSuchPage } from '../no-such-page.js'
import { PageNumbers } from '../page-numbers.js'
import type { PageStore } from '../page-store.js'
import type { PageStoreHost } from '../page-store-host.js'
import { SlotAllocator } from '../slot-allocator.js'
import { storeClosed } from '../store-closed.js'
import type { FileStoreOptions } from './file-store-options.js'
import { FileWriter } from './file-writer.js'
import { openStoreFile } from './open-store-file.js'
import { PageCipher } from './page-cipher.js'
import { transfer } from './transfer.js'

/** The bytes of one reservation of room. */
const STEP = 2 ** 23
/** Milliseconds from freed pages to the first cut of the file, and from one cut to the next. Pages that are written soon take the room again. */
const [SHRINK, NEXT_SHRINK] = [1000, 50]
/** Longer runs are read by another thread, even from the page cache, while the thread that serves installs the pages of the run before. */
const LONGEST_CACHED = 64
/** What `readCached` returns for a short read at the end of the file. */
const { EOPNOTSUPP } = ERRNO_RESULT

/** Pages that follow each other both in the call and in the file. */
interface Run {
  /** The first page's place in the call. */
  readonly index: number
  readonly slot: number
  readonly count: number
}

/** Pages in the slots of a file. */
export class FilePageStore implements PageStore {
  readonly pageSize: number
  readonly #host: PageStoreHost
  readonly #path: string | undefined
  readonly #descriptor: number
  readonly #writer: FileWriter
  readonly #cipher: PageCipher | undefined
  readonly #slots = new PageNumbers()
  readonly #allocator = new SlotAllocator()
  readonly #most: number
  /** Bytes of the file for which there is room. */
  #reserved = 0
  readonly #inFlight = new Set<Promise<void>>()
  #closed: Promise<void> | undefined
  #cacheOnly = true
  #shrinking: ReturnType<typeof setTimeout> | undefined

  constructor(options: FileStoreOptions, host: PageStoreHost) {
    this.pageSize = host.pageSize
    this.#host = host
    this.#most = Math.floor((options.limit ?? 2 ** 44) / host.pageSize)
    this.#path = options.path
    this.#descriptor = openStoreFile(options)
    this.#writer = new FileWriter(this.#descriptor, host.writePieces)
    this.#cipher = options.encrypt === true ? new PageCipher() : undefined
  }

  get bytesUsed(): number {
    return this.#allocator.count * this.pageSize
  }

  async write(pages: readonly number[], bytes: Uint8Array): Promise<void> {
    this.#check(pages, bytes)
    this.#takeSlots(pages)
    const from = this.#cipher === undefined ? bytes : this.#encrypted(this.#cipher, pages, bytes)
    const pieces = this.#runs(pages).map((run) => ({
      bytes: this.#bytesOf(run, from),
      position: this.#positionOf(run),
    }))
    await this.#track(this.#writer.write(pieces))
  }

  read(pages: readonly number[], into: Uint8Array): void | Promise<void> {
    this.#check(pages, into)
    const missing: Run[] = []
    for (let index = 0; index < pages.length; ) {
      const run = this.#runAt(pages, index)
      if (!this.#readCached(run, into)) missing.push(run)
      index += run.count
    }
    if (missing.length === 0) {
      this.#decrypt(pages, into)
      return undefined
    }
    return this.#track(this.#readRuns(missing, into)).then(() => this.#decrypt(pages, into))
  }

  free(pages: readonly number[]): void {
    this.#check(pages)
    for (const page of pages) {
      const slot = this.#slots.get(page)
      if (slot === -1) continue
      this.#slots.delete(page)
      this.#allocator.free(slot)
    }
    if (this.#isTooLong) this.#shrinking ??= this.#shrinkIn(SHRINK)
  }

  /** fsync(2) */
  async flush(): Promise<void> {
    if (this.#closed !== undefined) throw storeClosed()
    await promisify(fsync)(this.#descriptor)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    clearTimeout(this.#shrinking)
    await Promise.allSettled(this.#inFlight)
    this.#cipher?.close()
    this.#slots.clear()
    await promisify(close)(this.#descriptor)
    if (this.#path !== undefined) await promisify(unlink)(this.#path)
  }

  #check(pages: readonly number[], bytes?: Uint8Array): void {
    if (this.#closed !== undefined) throw storeClosed()
    checkPages(pages, this.pageSize, bytes)
  }

  // Gives a slot to each page that has none. Where one can't be had, none of these pages keeps a new slot.
  #takeSlots(pages: readonly number[]): void {
    const without = pages.filter((page) => this.#slots.get(page) === -1)
    let done = 0
    try {
      while (done < without.length) {
        const run = this.#allocator.take(without.length - done, this.#most)
        if (run === undefined) {
          const hint = `the file store holds its limit of ${this.#most * this.pageSize} bytes: give it a larger one`
          throw new VmError('ENOSPC', 'write', { hint })
        }
        for (let index = 0; index < run.count; index++) this.#slots.set(without[done++]!, run.first + index)
        this.#reserve(this.#allocator.end * this.pageSize)
      }
    } catch (error) {
      this.free(without.slice(0, done))
      throw error
    }
  }

  #reserve(end: number): void {
    if (end <= this.#reserved) return
    const wanted = Math.min(Math.ceil(end / STEP) * STEP, this.#most * this.pageSize)
    const { allocate } = this.#host
    let code = allocate?.(this.#descriptor, this.#reserved, wanted - this.#reserved) ?? 0
    let reserved = wanted
    if (code !== 0 && code !== EOPNOTSUPP) {
      // There is no room for a whole step: reserve the room for these pages.
      reserved = end
      code = allocate!(this.#descriptor, this.#reserved, end - this.#reserved)
    }
    if (code !== 0 && code !== EOPNOTSUPP) {
      throw new VmError(code, 'fallocate', {
        length: end,
        ...(this.#path === undefined ? {} : { path: this.#path }),
        hint: 'the swapped memory needs more room than the file system of the store has',
      })
    }
    this.#reserved = reserved
  }

  get #isTooLong(): boolean {
    return this.#allocator.end * this.pageSize + STEP <= this.#reserved
  }

  #shrinkIn(milliseconds: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.#shrink(), milliseconds)
    timer.unref()
    return timer
  }

  // Cuts off one step at a time: the kernel frees each of its pages, and faults wait meanwhile.
  #shrink(): void {
    this.#shrinking = undefined
    if (this.#closed !== undefined || !this.#isTooLong) return
    if (this.#inFlight.size === 0) {
      this.#reserved = (Math.ceil(this.#reserved / STEP) - 1) * STEP
      // Truncate at once, so that no later write is cut off.
      ftruncateSync(this.#descriptor, this.#reserved)
    }
    if (this.#isTooLong) this.#shrinking = this.#shrinkIn(NEXT_SHRINK)
  }

  #encrypted(cipher: PageCipher, pages: readonly number[], bytes: Uint8Array): Uint8Array {
    const { pageSize } = this
    const encrypted = new Uint8Array(bytes.length)
    for (const [index, page] of pages.entries()) {
      const [from, to] = [index * pageSize, (index + 1) * pageSize]
      cipher.encrypt(this.#slots.get(page), bytes.subarray(from, to), encrypted.subarray(from, to))
    }
    return encrypted
  }

  #decrypt(pages: readonly number[], into: Uint8Array): void {
    if (this.#cipher === undefined) return
    const { pageSize } = this
    for (const [index, page] of pages.entries()) {
      this.#cipher.decrypt(this.#slots.get(page), into.subarray(index * pageSize, (index + 1) * pageSize))
    }
  }

  #runs(pages: readonly number[]): Run[] {
    const runs: Run[] = []
    for (let index = 0; index < pages.length; index += runs.at(-1)!.count) runs.push(this.#runAt(pages, index))
    return runs
  }

  /** The run that begins at the index. */
  #runAt(pages: readonly number[], index: number): Run {
    const slot = this.#slots.get(pages[index]!)
    if (slot === -1) throw noSuchPage(pages[index]!)
    let count = 1
    while (index + count < pages.length && this.#slots.get(pages[index + count]!) === slot + count) count++
    return { index, slot, count }
  }

  #bytesOf({ index, count }: Run, bytes: Uint8Array): Uint8Array {
    const isAll = count * this.pageSize === bytes.length
    // To make another array takes as long as a small system call.
    return isAll ? bytes : bytes.subarray(index * this.pageSize, (index + count) * this.pageSize)
  }

  #positionOf({ slot }: Run): number {
    return slot * this.pageSize
  }

  #readCached(run: Run, into: Uint8Array): boolean {
    const { readCached } = this.#host
    if (readCached === undefined || !this.#cacheOnly || run.count > LONGEST_CACHED) return false
    const bytes = this.#bytesOf(run, into)
    const done = readCached(this.#descriptor, bytes, this.#positionOf(run))
    if (done === EOPNOTSUPP) this.#cacheOnly = false
    return done === bytes.length
  }

  // Settles when the last run has ended, even if the first fails: until then the runs use the buffers.
  async #readRuns(runs: readonly Run[], into: Uint8Array): Promise<void> {
    const results = await Promise.allSettled(runs.map((run) => this.#readRun(run, into)))
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async #readRun(run: Run, into: Uint8Array): Promise<void> {
    const bytes = this.#bytesOf(run, into)
    for (let at = 0; at < bytes.length; ) {
      const rest = at === 0 ? bytes : bytes.subarray(at)
      const done = await transfer(read, this.#descriptor, rest, this.#positionOf(run) + at)
      if (done === 0) throw new VmError('EIO', 'read', { hint: 'the file of the store is shorter than it was written' })
      at += done
    }
  }

  #track(promise: Promise<void>): Promise<void> {
    const tracked = promise.finally(() => this.#inFlight.delete(tracked))
    this.#inFlight.add(tracked)
    tracked.catch(() => {})
    return tracked
  }
}
