import { readSync, writeSync } from 'node:fs'
import type { Region } from '../../../kernel/region.js'
import { addon } from '../../../linux/addon/addon.js'
import { MAP } from '../../../vocabulary/map.js'
import { PROT } from '../../../vocabulary/prot.js'
import { VmError } from '../../../vocabulary/vm-error.js'
import { FillBuffers } from '../../buffers/fill-buffers.js'
import type { PagerKernel } from '../../thread/pager-kernel.js'

const SEEK_DATA = 3
const SEEK_HOLE = 4

/** Bytes of a window: large enough that there are few, and within what every engine allows for an ArrayBuffer. */
const WINDOW = 2 ** 30

/**
 * The memory of a device, on the pager's side: a memory file, and windows to access its pages.
 *
 * The file itself decides which pages are in memory. Offsets and lengths are in bytes and lie on pages, below `end`.
 */
export class DeviceFile {
  /** The end of the last page: 2^53 - 1 rounded down to a page for a device without an end. */
  readonly end: number
  /** The size of the device, in bytes. */
  readonly size: number
  readonly #kernel: PagerKernel
  readonly descriptor: number
  readonly pageSize: number
  readonly buffers: FillBuffers
  readonly #addon = addon()
  readonly #windows = new Map<number, Region>()
  /** A run of pages that are not there: the last that was found, as far as none was filled since. Most faults in order meet it. */
  #hole = { start: 0, end: 0 }

  constructor(kernel: PagerKernel, descriptor: number, size: number) {
    const { pageSize } = kernel
    this.#kernel = kernel
    this.pageSize = pageSize
    this.buffers = new FillBuffers(kernel)
    this.descriptor = descriptor
    this.size = size
    const last = Math.floor(Number.MAX_SAFE_INTEGER / pageSize) * pageSize
    this.end = Math.min(last, Math.ceil(size / pageSize) * pageSize)
    kernel.files.ftruncate(descriptor, this.end)
  }

  /** The first page in `[from, to)` that is there, or `to`. */
  nextPresent(from: number, to: number): number {
    if (from < this.#hole.start || from >= this.#hole.end) {
      const place = this.#addon.seekFile(this.descriptor, from, SEEK_DATA)
      if (place === from) return from
      this.#hole = { start: from, end: place < 0 ? this.end : place }
    }
    return Math.min(to, this.#hole.end)
  }

  /** Notes that pages are about to be filled, here or by a source of faults: this object knows of no others (P1). */
  noteFilled(offset: number, length: number): void {
    const { start, end } = this.#hole
    const until = offset + length
    if (until <= start || offset >= end) return
    this.#hole = offset - start > end - until ? { start, end: offset } : { start: until, end }
  }

  /** The first page in `[from, to)` that is not there, or `to`. */
  nextAbsent(from: number, to: number): number {
    const place = this.#addon.seekFile(this.descriptor, from, SEEK_HOLE)
    return place < 0 || place > to ? to : place
  }

  /** A page in memory, not a copy. The buffer has this page and no other. */
  page(offset: number): Uint8Array {
    return new Uint8Array(this.#windowAt(offset).view(offset % WINDOW, this.pageSize))
  }

  /** Detaches the array that `page` returned. */
  detach(offset: number, page: Uint8Array): void {
    this.#windowAt(offset).detach(page.buffer as ArrayBuffer)
  }

  /** Writes `[from, to)` of the bytes as pages, from `offset` on. A page becomes visible only when it is complete. Throws `ENOMEM`. */
  put(offset: number, bytes: Uint8Array, from: number, to: number): void {
    try {
      for (let at = from; at < to; ) at += writeSync(this.descriptor, bytes, at, to - at, offset + (at - from))
    } catch (cause) {
      throw new VmError('ENOMEM', 'fault', { cause, hint: 'there is no memory left for the pages of the device' })
    }
  }

  /**
   * A copy of pages that are there, without what lies past the end of the device: in `into`, where it has that length. Throws the error of
   * read(2).
   */
  copy(offset: number, length: number, into?: Uint8Array): Uint8Array {
    const size = Math.min(length, this.size - offset)
    const bytes = into?.length === size ? into : new Uint8Array(size)
    for (let at = 0; at < bytes.length; ) at += readSync(this.descriptor, bytes, at, bytes.length - at, offset + at)
    return bytes
  }

  /** Removes pages from the file and from every map. Private copies stay. */
  punch(offset: number, length: number): void {
    this.#kernel.files.punchHole(this.descriptor, offset, length)
  }

  #windowAt(offset: number): Region {
    const index = Math.floor(offset / WINDOW)
    return this.#windows.get(index) ?? this.#open(index)
  }

  #open(index: number): Region {
    const length = Math.min(WINDOW, this.end - index * WINDOW)
    const window = this.#kernel.regions.mapRegion(
      0n,
      length,
      PROT.READ | PROT.WRITE,
      MAP.SHARED | MAP.NORESERVE,
      this.descriptor,
      index * WINDOW,
      this.#kernel.pageSize,
    )
    this.#windows.set(index, window)
    return window
  }
}
