import type { Region } from '../kernel/region.js'
import { addon } from '../linux/addon.js'
import type { LinuxKernel } from '../linux/linux-kernel.js'
import { MADV } from '../vocabulary/madv.js'
import { MAP } from '../vocabulary/map.js'
import { PROT } from '../vocabulary/prot.js'
import { VmError } from '../vocabulary/vm-error.js'
import { DraftPages } from './draft-pages.js'
import type { LentPages } from './lent-pages.js'

const SEEK_DATA = 3
const SEEK_HOLE = 4

/** Bytes a window: few windows over much, and yet no more than an ArrayBuffer spans anywhere. */
const WINDOW = 2 ** 30

/** So many pages are made at once before a driver fills them. */
const MANY = 8

interface Window {
  readonly region: Region
  readonly bytes: Uint8Array
}

/**
 * The memory of a device, on the pager's side: a memory file, seen through windows.
 *
 * The file itself is the truth about which pages are there. Offsets and lengths are in bytes and lie on pages, below `end`.
 */
export class DeviceFile {
  /** Where the last page ends: 2^53 - 1 rounded down to a page for a device without an end. */
  readonly end: number
  readonly #kernel: LinuxKernel
  readonly descriptor: number
  readonly pageSize: number
  readonly drafts: DraftPages
  readonly #addon = addon()
  readonly #windows = new Map<number, Window>()

  constructor(kernel: LinuxKernel, descriptor: number, size: number) {
    const { pageSize } = kernel
    this.#kernel = kernel
    this.pageSize = pageSize
    this.drafts = new DraftPages(pageSize)
    this.descriptor = descriptor
    const last = Math.floor(Number.MAX_SAFE_INTEGER / pageSize) * pageSize
    this.end = Math.min(last, Math.ceil(size / pageSize) * pageSize)
    kernel.files.ftruncate(descriptor, this.end)
  }

  /** The first page in `[from, to)` that is there, or `to`. */
  nextPresent(from: number, to: number): number {
    const place = this.#addon.seekFile(this.descriptor, from, SEEK_DATA)
    return place < 0 || place > to ? to : place
  }

  /** The first page in `[from, to)` that is not there, or `to`. */
  nextAbsent(from: number, to: number): number {
    const place = this.#addon.seekFile(this.descriptor, from, SEEK_HOLE)
    return place < 0 || place > to ? to : place
  }

  /** How far one array can reach from `offset` on. */
  endOfWindow(offset: number): number {
    return Math.min(this.end, (Math.floor(offset / WINDOW) + 1) * WINDOW)
  }

  /**
   * The pages themselves; they come to be where they are touched. The range must lie in one window. The buffer has these pages and no
   * others, so that a driver that goes by it, or clones it, reaches no page that it was not asked for.
   */
  lend(offset: number, length: number): LentPages {
    const { region } = this.#windowAt(offset)
    const place = offset % WINDOW
    // Pages that come together cost three quarters of those that are touched one by one. An older kernel, or one short of memory, refuses.
    if (length >= MANY * this.pageSize) this.#addon.madvise(region.start + BigInt(place), length, MADV.POPULATE_WRITE)
    return { bytes: new Uint8Array(region.view(place, length)), region, place }
  }

  /** Whoever kept the bytes has an empty array. */
  takeBack({ region, bytes }: LentPages): void {
    region.detach(bytes.buffer as ArrayBuffer)
  }

  /**
   * Puts other memory under pages that the driver, or a system call of its, may write to for as long as it likes: that goes nowhere then.
   * Another window takes the place of this one. Answers whether there was room for that.
   */
  cutOff(offset: number, { region, bytes, place }: LentPages): boolean {
    const flags = MAP.PRIVATE | MAP.ANONYMOUS | MAP.NORESERVE
    const start = Number(region.start) + place
    if (this.#addon.mapOver(start, bytes.length, PROT.READ | PROT.WRITE, flags, -1, 0) < 0) return false
    const index = Math.floor(offset / WINDOW)
    if (this.#windows.get(index)?.region === region) this.#windows.delete(index)
    return true
  }

  /** Has all of the pages be there: what the driver left alone is zero. Throws `ENOMEM`. */
  makePresent({ region, bytes }: LentPages): void {
    let looked = 0
    for (let at = 0; at < bytes.length; at += this.pageSize) looked += bytes[at]!
    this.#checkMemory(region, looked)
  }

  /** Makes a page of what a driver has written. Throws `EINVAL` where it has given that away, and `ENOMEM`. */
  put(offset: number, page: Uint8Array): void {
    if (page.length !== this.pageSize) {
      throw new VmError('EINVAL', 'fault', { hint: 'the driver has given the buffer of fault.bytes away' })
    }
    const window = this.#windowAt(offset)
    window.bytes.set(page, offset % WINDOW)
    this.#checkMemory(window.region, 0)
  }

  /** Takes pages out, and from all who map them. Private copies stay. */
  punch(offset: number, length: number): void {
    this.#kernel.files.punchHole(this.descriptor, offset, length)
  }

  // `_looked` is what was read of the pages, which so is not left out as useless.
  #checkMemory(region: Region, _looked: number): void {
    if (region.fault === undefined) return
    region.restore()
    throw new VmError('ENOMEM', 'fault', { hint: 'there is no memory left for the page of the device' })
  }

  #windowAt(offset: number): Window {
    const index = Math.floor(offset / WINDOW)
    return this.#windows.get(index) ?? this.#open(index)
  }

  #open(index: number): Window {
    const length = Math.min(WINDOW, this.end - index * WINDOW)
    const region = this.#kernel.regions.mapRegion(
      0n,
      length,
      PROT.READ | PROT.WRITE,
      MAP.SHARED | MAP.NORESERVE,
      this.descriptor,
      index * WINDOW,
      this.#kernel.pageSize,
    )
    const window = { region, bytes: new Uint8Array(region.view(0, length)) }
    this.#windows.set(index, window)
    return window
  }
}
