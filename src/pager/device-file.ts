import type { Region } from '../kernel/region.js'
import { addon } from '../linux/addon.js'
import type { LinuxKernel } from '../linux/linux-kernel.js'
import { MAP } from '../vocabulary/map.js'
import { PROT } from '../vocabulary/prot.js'
import { VmError } from '../vocabulary/vm-error.js'

const SEEK_DATA = 3
const SEEK_HOLE = 4

/** Bytes a window: few windows over much, and yet no more than an ArrayBuffer spans anywhere. */
const WINDOW = 2 ** 30

interface Window {
  readonly region: Region
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
  readonly #addon = addon()
  readonly #windows = new Map<number, Window>()

  constructor(kernel: LinuxKernel, descriptor: number, size: number) {
    const { pageSize } = kernel
    this.#kernel = kernel
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
  bytes(offset: number, length: number): Uint8Array {
    const index = Math.floor(offset / WINDOW)
    const window = this.#windows.get(index) ?? this.#open(index)
    return new Uint8Array(window.region.view(offset - index * WINDOW, length))
  }

  /**
   * Throws `ENOMEM` where a touch of the window around `offset` found no memory for a page. `_looked` is what was read there, which so
   * is not left out as useless.
   */
  checkMemory(offset: number, _looked: number): void {
    const window = this.#windows.get(Math.floor(offset / WINDOW))
    if (window?.region.fault === undefined) return
    window.region.restore()
    throw new VmError('ENOMEM', 'fault', { hint: 'there is no memory left for the page of the device' })
  }

  /** Takes pages out, and from all who map them. Private copies stay. */
  punch(offset: number, length: number): void {
    this.#kernel.files.punchHole(this.descriptor, offset, length)
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
    const window = { region }
    this.#windows.set(index, window)
    return window
  }
}
